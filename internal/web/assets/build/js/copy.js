// Copy buttons are hidden until this script can serve them.
import { toast } from "./toast.js";

const reveal = (root) => root.querySelectorAll?.("button[data-copy][hidden]").forEach((button) => (button.hidden = false));
if (navigator.clipboard) {
  reveal(document);
  new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach((n) => n.parentNode && reveal(n.parentNode)))).observe(document.body, { childList: true, subtree: true });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast(button.dataset.copied);
});
