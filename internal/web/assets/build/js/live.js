// A live page that lost its connection says so, until it is back.
const show = (lost) => document.querySelectorAll("[data-live-lost]").forEach((note) => (note.hidden = !lost));
document.addEventListener("htmx:sse:error", () => show(true));
document.addEventListener("htmx:sse:after:connection", () => show(false));
