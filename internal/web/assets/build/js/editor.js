// Comfort beside a message that is being written: its preview follows the
// typing, variables are put where the cursor was, Ctrl+S saves.
//
// The preview is the form itself, sent to a frame by the button that does so
// without script. Each time the frame is a new one, so that the button "back"
// knows nothing of previews; the old one stays in sight until the new one is
// there.
const pause = 500; // milliseconds without a key
const form = document.querySelector("form[data-editor]");
const button = form?.querySelector("[data-preview]");
let timer;
let turn = 0;

function preview() {
  document.querySelectorAll("iframe.preview-coming").forEach((frame) => frame.remove());
  const old = document.querySelector("iframe.preview-frame");
  const next = old.cloneNode();
  next.name = `preview-${++turn}`; // a frame keeps the name with which it came
  next.removeAttribute("src");
  next.classList.add("preview-coming");
  old.after(next);
  next.addEventListener("load", () => {
    if (next.contentDocument) return; // still the empty page: a preview shows nothing of itself
    old.remove();
    next.classList.remove("preview-coming");
    form.querySelectorAll("[formtarget]").forEach((b) => (b.formTarget = next.name));
  });
  button.formTarget = next.name;
  form.requestSubmit(button);
}

function soon(wait) {
  clearTimeout(timer);
  timer = setTimeout(preview, wait);
}

if (form && button) {
  button.hidden = true; // it follows by itself
  form.addEventListener("input", (event) => event.target.name && soon(event.target.type === "radio" ? 0 : pause));
  soon(0);
}

// The field that had the cursor last gets what is chosen from the list.
let field = form?.querySelector("[data-insertable]");
form?.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-insertable]")) field = event.target;
});
document.querySelectorAll("button[data-insert]").forEach((b) => (b.disabled = false));
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("button[data-insert]");
  if (!chosen || !field) return;
  field.focus();
  field.setRangeText(chosen.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("keydown", (event) => {
  if (!form || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  if (event.code !== "KeyS" && event.key !== "Enter") return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-save]"));
});
