// A chart of what was accepted, what failed and what nobody knows of, over
// time, stacked.
//
// <div data-chart='{"at": [seconds…], "series": [[…], […]], "days": false}' data-labels='["…", "…", "…"]'
//      data-lang="ru" data-zone="Europe/Moscow">
//
// An event "chart" with {data: the same JSON} replaces the points, also those in
// the table below; htmx dispatches it for a server-sent event of that name.
import uPlot from "uplot";

const colors = ["--tblr-blue", "--tblr-red", "--tblr-purple"];
const height = 240;

function draw(element) {
  const { lang, zone } = element.dataset;
  const labels = JSON.parse(element.dataset.labels);
  const format = (options) => {
    const f = new Intl.DateTimeFormat(lang, { timeZone: zone, hourCycle: "h23", ...options });
    return (seconds) => f.format(new Date(seconds * 1000));
  };
  const clock = format({ hour: "2-digit", minute: "2-digit" });
  const precise = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = format({ day: "numeric", month: "short" });
  const date = format({ weekday: "short", day: "numeric", month: "short" });
  const number = new Intl.NumberFormat(lang);

  // A canvas knows no variables: a probe computes what they come to.
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  const color = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = {
    stroke: () => color("--tblr-secondary"),
    grid: { stroke: () => color("--tblr-border-color"), width: 1 },
    ticks: { show: false },
    font: `12px ${getComputedStyle(element).fontFamily}`,
  };
  const bars = uPlot.paths.bars({ size: [0.8, 22], radius: 0.15 });
  let points = JSON.parse(element.dataset.chart);
  // The first series stands on those after it, and is drawn first.
  const stacked = () => [
    points.at,
    ...points.series.map((_, i) => points.at.map((__, at) => points.series.slice(i).reduce((sum, s) => sum + s[at], 0))),
  ];

  const chart = new uPlot(
    {
      width: element.clientWidth,
      height,
      padding: [null, 30, null, null], // half a label at the right edge
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: () => margins(points.at) }, y: { range: (_, __, max) => [0, Math.max(5, max * 1.1)] } },
      axes: [
        { ...axis, size: 28, space: 64, grid: { show: false }, values: (_, at, __, ___, step) => at.map(step < 60 ? precise : step < 86400 ? clock : day) },
        { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6], values: (_, ns) => ns.map((n) => number.format(n)) },
      ],
      series: [
        { label: labels[0], value: (_, t) => (t == null ? "—" : points.days ? date(t) : precise(t)) },
        ...[...labels.keys()].slice(1).map((i) => ({
          label: labels[i],
          fill: () => color(colors[i - 1]),
          stroke: () => color(colors[i - 1]),
          width: 0,
          paths: bars,
          points: { show: false },
          value: (u, _, __, at) => (at == null ? "—" : number.format(points.series[i - 1][at])),
        })),
      ],
    },
    stacked(),
    element,
  );

  new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height })).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw(false));
  const rows = element.closest("figure").querySelector("details tbody");
  const time = format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const cell = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const listener = (event) => {
    if (!element.isConnected) return document.removeEventListener("chart", listener);
    points = JSON.parse(event.detail.data);
    chart.setData(stacked());
    rows.replaceChildren(...points.at.map((t, i) => {
      const row = document.createElement("tr");
      row.append(Object.assign(cell("th", time(t)), { scope: "row" }), ...points.series.map((s) => cell("td", number.format(s[i]))));
      return row;
    }));
  };
  document.addEventListener("chart", listener);
}

// margins leaves half a bar free at both ends.
function margins(at) {
  if (!at.length) return [0, 60];
  const step = at.length > 1 ? at[1] - at[0] : 60;
  return [at[0] - step / 2, at[at.length - 1] + step / 2];
}

function drawAll() {
  document.querySelectorAll("[data-chart]:empty").forEach(draw);
}

drawAll();
// That of a report opened before the first run comes later than the page.
const place = document.getElementById("report-chart");
if (place) new MutationObserver(drawAll).observe(place, { childList: true });
