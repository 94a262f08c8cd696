// The button that shows and hides the further controls of the explorer.
export default {
  render({ el }) {
    el.classList.add("rv-disclosure");
    disclosure(el);
  },
};
