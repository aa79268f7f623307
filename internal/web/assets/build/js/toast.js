// toast says something in passing; it goes by itself. Screen readers hear it
// too: its region is live.
export function toast(text) {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const note = document.createElement("div");
  note.className = "toast-note";
  note.textContent = text;
  region.append(note);
  setTimeout(() => note.remove(), 4000);
}
