// A form with data-guard asks before the page is left with changes unsaved.
// One that came back refused (data-guard="changed") has them from the start.
const guarded = () => [...document.querySelectorAll("form[data-guard]")];
let leaving = false;

const changed = (form) =>
  form.dataset.guard === "changed" ||
  [...form.elements].some((field) => {
    if (!field.name || field.hasAttribute("data-unguarded")) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field instanceof HTMLSelectElement) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((o) => o.defaultSelected));
    return field.defaultValue !== undefined && field.value !== field.defaultValue;
  });

document.addEventListener("submit", (event) => {
  if (!event.submitter?.formTarget && !event.defaultPrevented) leaving = true;
});
addEventListener("pageshow", () => (leaving = false));
addEventListener("beforeunload", (event) => {
  if (!leaving && guarded().some(changed)) event.preventDefault();
});
