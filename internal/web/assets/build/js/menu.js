// Menus are <details class="dropdown">: one is open at a time, and Escape or a
// click elsewhere closes it.
const menus = () => document.querySelectorAll("details.dropdown[open]");

document.addEventListener("click", (event) => {
  menus().forEach((menu) => menu.contains(event.target) || (menu.open = false));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus().forEach((menu) => {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  });
});
