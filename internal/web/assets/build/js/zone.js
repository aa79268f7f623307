// Forms for newcomers carry the browser's time zone along.
document.querySelectorAll("input[data-time-zone]").forEach((field) => {
  field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
});
