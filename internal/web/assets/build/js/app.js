// What every page may need. Each part adds comfort to something that works
// without it.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";
import "./confirm.js";
import "./copy.js";
import "./guard.js";
import "./keys.js";
import "./live.js";
import "./menu.js";
import "./pick.js";
import "./toast.js";
import "./zone.js";
