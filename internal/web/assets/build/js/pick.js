// Rows that are chosen for one act: a box that chooses all of the page, how
// many are chosen, and a range by Shift.
const boxes = (form) => [...document.querySelectorAll(`input[type="checkbox"][form="${form}"]`)];
let last;

function show(form) {
  const list = boxes(form);
  const chosen = list.filter((box) => box.checked).length;
  document.querySelectorAll(`[data-picked="${form}"]`).forEach((output) => (output.value = chosen));
  document.querySelectorAll(`[data-pick-all="${form}"]`).forEach((all) => {
    all.hidden = false;
    all.checked = chosen > 0 && chosen === list.length;
    all.indeterminate = chosen > 0 && chosen < list.length;
  });
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
  if (box.dataset.pickAll) {
    boxes(box.dataset.pickAll).forEach((other) => (other.checked = box.checked));
    show(box.dataset.pickAll);
    return;
  }
  const form = box.getAttribute("form");
  if (!form) return;
  const list = boxes(form);
  if (event.shiftKey && list.includes(last)) {
    const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
    list.slice(from, to + 1).forEach((other) => (other.checked = box.checked));
  }
  last = box;
  show(form);
});

const start = () => document.querySelectorAll("[data-pick-all]").forEach((all) => show(all.dataset.pickAll));
addEventListener("pageshow", start);
start();
