"use strict";
const runs = JSON.parse(document.getElementById("data").textContent).runs;
const page = document.getElementById("page"), tip = document.getElementById("tip");
const colors = ["#1f77b4", "#d9822b", "#2ca05a", "#c94f6d", "#8a6bd1", "#8c6d4f", "#d07fc4", "#5f9ea0", "#a3a11f", "#3fb0d3"];
const color = index => colors[index % colors.length];

// Elements.

function make(name, attributes = {}, ...children) {
  const isShape = ["svg", "g", "path", "line", "text", "circle", "rect"].includes(name);
  const node = isShape ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter(child => child !== null));
  return node;
}

function section(title, ...children) {
  const node = make("section", {}, make("h2", {}, title), ...children);
  page.append(node);
  return node;
}

function format(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : value.toFixed(digits);
}

function duration(seconds) {
  if (seconds < 60) return seconds.toFixed(1) + "s";
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m ${Math.floor(seconds % 60)}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

function showTip(event, text) {
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4)) + "px";
  tip.style.top = Math.max(4, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 4)) + "px";
}
const hideTip = () => { tip.hidden = true; };

// A table that sorts by the column whose title is clicked. Columns: { title, value, text }.

function table(columns, rows, attributes = {}) {
  let order = rows.slice(), sorted = null, isRising = false;
  const body = make("tbody");
  const side = new Map(columns.map(column => [column, rows.some(row => typeof column.value(row) === "number") ? "number" : null]));
  // 1 among numbers with decimals is 1.0000.
  const isWhole = new Map(columns.map(column => [column, rows.every(row => !(column.value(row) % 1))]));
  const words = (column, value) => column.text ? column.text(value)
    : typeof value === "number" && !isWhole.get(column) && Number.isInteger(value) ? value.toFixed(4) : format(value);
  const fill = () => body.replaceChildren(...order.map(row => make("tr", row.isDifferent ? { class: "differs" } : {},
    ...columns.map(column => make("td", { class: side.get(column) }, words(column, column.value(row)))))));
  const head = make("tr", {}, ...columns.map(column => make("th", { class: side.get(column) }, make("button", {
    type: "button",
    onclick: () => {
      isRising = sorted === column ? !isRising : typeof column.value(rows[0] ?? {}) !== "number";
      sorted = column;
      const last = value => value === null || value === undefined;
      order = rows.slice().sort((a, b) => {
        const [x, y] = [column.value(a), column.value(b)];
        if (last(x) || last(y)) return last(x) - last(y);
        const difference = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
        return isRising ? difference : -difference;
      });
      fill();
    },
  }, column.title))));
  fill();
  return make("div", { class: "scroll" }, make("table", attributes, make("thead", {}, head), body));
}

// Curves: { name, color, dashed, points: [[x, y], ...] }. y may be null.

function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough * 0.999);
  const marks = [];
  for (let mark = Math.ceil(low / step - 1e-9) * step; mark <= high + step * 1e-9; mark += step) marks.push(+mark.toPrecision(12));
  return marks;
}

function smooth(points, weight) {
  let mean = 0, total = 0;
  return points.map(([x, y]) => {
    if (y === null) return [x, y];
    mean = weight * mean + (1 - weight) * y;
    total = weight * total + (1 - weight);
    return [x, mean / total];
  });
}

function chart({ title, curves, smoothing = 0, isLogarithmic = false, best = [], unit = "epoch", range = null, diagonal = false }) {
  const [width, height, left, right, top, bottom] = [460, 250, 52, 10, 10, 26];
  const shown = curves.map(curve => ({ ...curve, drawn: smoothing ? smooth(curve.points, smoothing) : curve.points }));
  const all = shown.flatMap(curve => curve.points).filter(([, y]) => y !== null && (!isLogarithmic || y > 0));
  const panel = make("div", { class: "panel chart" }, make("h3", {}, title));
  if (!all.length) { panel.append(make("p", {}, "nothing was measured")); return panel; }
  let [x0, x1] = range ? range.x : [Math.min(...all.map(p => p[0])), Math.max(...all.map(p => p[0]))];
  if (x0 === x1) [x0, x1] = [x0 - 1, x1 + 1];
  const scale = isLogarithmic ? Math.log10 : value => value;
  const values = all.map(p => scale(p[1])).sort((a, b) => a - b);
  // One value far off the others would flatten them: the axis then ends where most of them do.
  let [y0, y1] = range ? range.y : [values[0], values[values.length - 1]];
  if (!range && values.length >= 10) {
    const [low, high] = [values[Math.floor(values.length * 0.02)], values[Math.ceil(values.length * 0.98) - 1]];
    if (y1 - y0 > 10 * (high - low) && high > low) [y0, y1] = [Math.max(y0, low - (high - low)), Math.min(y1, high + (high - low))];
  }
  if (y0 === y1) [y0, y1] = [y0 - (Math.abs(y0) || 1) / 2, y1 + (Math.abs(y1) || 1) / 2];
  const margin = range ? 0 : (y1 - y0) * 0.04;
  [y0, y1] = [y0 - margin, y1 + margin];
  const px = x => left + (x - x0) / (x1 - x0) * (width - left - right);
  const py = y => {
    const place = height - bottom - (scale(y) - y0) / (y1 - y0) * (height - top - bottom);
    return Math.max(top - 4, Math.min(height - bottom + 4, place));
  };
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  const marks = isLogarithmic
    ? (marks => marks.length > 1 ? marks : ticks(10 ** y0, 10 ** y1, 4).filter(mark => mark > 0))(ticks(y0, y1, 4).filter(Number.isInteger).map(power => 10 ** power))
    : ticks(y0, y1, 4);
  for (const mark of marks) {
    svg.append(make("line", { class: "rule", x1: left, x2: width - right, y1: py(mark), y2: py(mark) }),
      make("text", { x: left - 5, y: py(mark) + 4, "text-anchor": "end" }, String(+mark.toPrecision(4))));
  }
  for (const mark of ticks(x0, x1, 6).filter(mark => range || Number.isInteger(mark))) {
    svg.append(make("text", { x: px(mark), y: height - 8, "text-anchor": "middle" }, String(+mark.toPrecision(6))));
  }
  if (diagonal) svg.append(make("line", { class: "rule", x1: px(0), y1: py(0), x2: px(1), y2: py(1), "stroke-dasharray": "4 4" }));
  const path = points => {
    let line = "", isDown = false;
    for (const [x, y] of points) {
      const isShown = y !== null && (!isLogarithmic || y > 0);
      if (isShown) line += `${isDown ? "L" : "M"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`;
      isDown = isShown;
    }
    return line;
  };
  for (const curve of shown) {
    const style = { class: "curve", stroke: curve.color, "stroke-dasharray": curve.dashed ? "5 4" : null };
    if (smoothing) svg.append(make("path", { ...style, class: "curve faint", d: path(curve.points) }));
    svg.append(make("path", { ...style, d: path(curve.drawn) }));
    if (curve.points.length <= 3) {
      for (const [x, y] of curve.points) if (y !== null) svg.append(make("circle", { cx: px(x), cy: py(y), r: 3, fill: curve.color }));
    }
  }
  for (const mark of best) {
    if (mark.y !== null && mark.y !== undefined) svg.append(make("circle", { class: "best", cx: px(mark.x), cy: py(mark.y), r: 5, fill: "none", stroke: mark.color, "stroke-width": 2 }));
  }
  const cursor = make("line", { class: "rule", y1: top, y2: height - bottom, visibility: "hidden" });
  svg.append(cursor);
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect();
    const x = x0 + ((event.clientX - box.left) / box.width * width - left) / (width - left - right) * (x1 - x0);
    const near = points => points.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    const found = shown.filter(curve => curve.points.length).map(curve => [curve, near(curve.points)]);
    if (!found.length) return;
    const place = found.map(([, point]) => point[0]).reduce((a, b) => Math.abs(b - x) < Math.abs(a - x) ? b : a);
    cursor.setAttribute("x1", px(place)); cursor.setAttribute("x2", px(place));
    cursor.setAttribute("visibility", "visible");
    showTip(event, `${unit} ${format(place)}\n` + found.slice(0, 12).map(([curve, point]) => `${curve.name}: ${format(point[1])}`).join("\n"));
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); hideTip(); });
  panel.append(svg);
  return panel;
}

const legend = entries => make("div", { class: "legend" },
  ...entries.map(([name, shade]) => make("span", { style: `--color:${shade}` }, name)));

// The runs.

const bestOf = run => run.epochs.filter(epoch => epoch.best).at(-1) ?? run.epochs.at(-1) ?? {};
document.getElementById("subtitle").textContent = runs.map(run => run.name).join(", ");
const hasMetric = column => !column.metric || runs.some(run => typeof column.value(run) === "number");
section("Runs", table([
  { title: "run", value: run => run.name }, { title: "model", value: run => run.options.model ?? null },
  { title: "state", value: run => run.state }, { title: "epochs", value: run => run.epochs.length },
  { title: "best epoch", value: run => bestOf(run).epoch ?? null },
  ...["val_loss", "val_accuracy", "val_mae", "val_rmse", "loss", "accuracy", "mae", "rmse"].map(name => (
    { title: name, value: run => bestOf(run)[name] ?? null, metric: true })),
  { title: "time", value: run => run.epochs.reduce((sum, epoch) => sum + (epoch.seconds ?? 0), 0), text: duration },
].filter(hasMetric), runs, { id: "runs" }));

// Runs that differ in nothing but their seed, or are the folds of one setting.
if (runs.length > 1) {
  const setting = run => JSON.stringify(Object.entries(run.options).filter(([name]) => !["seed", "fold", "output"].includes(name)).sort());
  const groups = Object.values(Object.groupBy(runs, setting)).filter(group => group.length > 1);
  const spread = (group, name) => {
    const values = group.map(run => bestOf(run)[name]).filter(value => typeof value === "number");
    if (values.length < 2) return null;
    const mean = values.reduce((a, b) => a + b) / values.length;
    return `${format(mean)} ± ${format(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)))}`;
  };
  if (groups.length) {
    section("Repeated runs", make("p", {}, "Runs of one setting with other seeds or folds: mean and standard deviation."), table([
      { title: "runs", value: group => group.map(run => run.name).join(", ") }, { title: "number", value: group => group.length },
      ...["val_loss", "val_accuracy", "val_mae", "accuracy", "mae"].filter(name => groups.some(group => spread(group, name)))
        .map(name => ({ title: name, value: group => spread(group, name) })),
    ], groups, { id: "repeated" }));
  }
}

// Curves.
{
  const state = { smoothing: 0, isLogarithmic: false, steps: false };
  const place = make("div", { class: "grid", id: "curves" });
  // Of each of several outputs, under the output's name.
  const names = new Set(runs.flatMap(run => run.epochs.flatMap(Object.keys)));
  const outputMeasures = [...names].filter(name => names.has(`val_${name}`) || !name.startsWith("val_"))
    .filter(name => /^(?!val_(loss|accuracy|mae|rmse)$|raw_val_).+_(loss|accuracy|mae|rmse)$/.test(name)).sort()
    .map(name => [name, name, `val_${name}`]);
  const measures = [["loss", "loss", "val_loss"], ["accuracy", "accuracy", "val_accuracy"],
    ["mean absolute error", "mae", "val_mae"], ["root of the mean squared error", "rmse", "val_rmse"],
    ...outputMeasures, ["learning rate", "learning_rate"], ["samples a second", "images_per_second"]];
  const draw = () => place.replaceChildren(...measures.flatMap(([title, training, validation]) => {
    const curves = [], best = [];
    runs.forEach((run, index) => {
      const x = epoch => state.steps ? epoch.step : epoch.epoch;
      const source = state.steps && run.steps.length ? run.steps : run.epochs;
      const points = (records, name) => records.map(record => [x(record), record[name] ?? null]);
      if (source.some(record => typeof record[training] === "number")) {
        curves.push({ name: `${run.name} ${title}`, color: color(index), dashed: validation !== undefined, points: points(source, training) });
      }
      if (validation && run.epochs.some(epoch => typeof epoch[validation] === "number")) {
        curves.push({ name: `${run.name} validation`, color: color(index), points: points(run.epochs, validation) });
        const epoch = bestOf(run);
        if (epoch.best) best.push({ x: x(epoch), y: epoch[validation], color: color(index) });
      }
    });
    return curves.length ? [chart({ title, curves, best, ...state, unit: state.steps ? "step" : "epoch" })] : [];
  }));
  const control = (label, attributes, change) => make("label", {}, label, make("input", { ...attributes, oninput: event => { change(event.target); draw(); } }));
  section("Curves", legend(runs.map((run, index) => [run.name, color(index)])),
    make("p", {}, "Lines are validation, dashes training; a circle is the best epoch."),
    make("div", { class: "controls" },
      control("smoothing", { type: "range", id: "smoothing", min: 0, max: 0.98, step: 0.02, value: 0 }, input => { state.smoothing = +input.value; }),
      control("logarithmic", { type: "checkbox", id: "logarithmic" }, input => { state.isLogarithmic = input.checked; }),
      !runs.some(run => run.steps.length) ? null
        : control("steps", { type: "checkbox", id: "steps" }, input => { state.steps = input.checked; })), place);
  draw();
}

// What a checkpoint holds.
for (const run of runs.filter(run => run.facts)) {
  const columns = names => names.map(name => ({ title: name, value: row => row[name] }));
  const words = [{ title: "", value: row => row.name }, { title: run.name, value: row => row.value }];
  section("Checkpoint", table(words, run.facts, { id: "facts" }));
  section("Layers", table(columns(["name", "type", "shape", "parameters", "inputs"]), run.layers, { id: "layers" }));
  section("Weights and state", table(columns(["name", "shape", "min", "mean", "max", "nan"]), run.tensors, { id: "tensors" }));
}

// Options and environment.
function comparison(title, values, id) {
  const names = [...new Set(runs.flatMap(run => Object.keys(values(run))))].sort();
  const rows = names.map(name => ({ name, texts: runs.map(run => values(run)[name] ?? "–") }));
  for (const row of rows) row.isDifferent = new Set(row.texts).size > 1;
  if (!rows.length) return;
  const place = make("div");
  const draw = onlyDifferent => place.replaceChildren(table([
    { title: "", value: row => row.name }, ...runs.map((run, index) => ({ title: run.name, value: row => row.texts[index] })),
  ], rows.filter(row => row.isDifferent || !onlyDifferent), { id }));
  draw(false);
  section(title, runs.length > 1 ? make("div", { class: "controls" }, make("label", {}, make("input", {
    type: "checkbox", id: `${id}-differences`, oninput: event => draw(event.target.checked),
  }), "differences only")) : null, place);
}
comparison("Options", run => run.options, "options");
comparison("Environment", run => run.environment, "environment");

// Where time goes.
{
  const parts = [["compute_ms", "computing"], ["data_ms", "waiting for data"], ["reduce_exposed_ms", "waiting for the reduction"], ["update_ms", "updating weights"]];
  const timed = runs.filter(run => run.time);
  if (timed.length) {
    section("Where time goes", legend(parts.map(([, name], index) => [name, color(index)])), ...timed.map(run => {
      const total = parts.reduce((sum, [name]) => sum + run.time[name], 0);
      return make("div", {}, make("p", {}, `${run.name}: ${format(total, 2)} ms a step`), make("div", { class: "bar" },
        ...parts.map(([name, words], index) => make("div", {
          style: `width:${100 * run.time[name] / total}%;background:${color(index)}`,
          onpointermove: event => showTip(event, `${words}: ${format(run.time[name], 3)} ms, ${(100 * run.time[name] / total).toFixed(1)} %`),
          onpointerleave: hideTip,
        }))));
    }));
  }
}

// What a run's best weights make of samples.
function confusion(figures) {
  const { classes, confusion: counts } = figures;
  const size = Math.max(4, Math.min(34, Math.floor(560 / classes.length)));
  const canvas = make("canvas", { width: size * classes.length, height: size * classes.length, class: "confusion", role: "img", "aria-label": "confusion matrix" });
  const context = canvas.getContext("2d");
  counts.forEach((row, label) => row.forEach((count, prediction) => {
    const share = count / Math.max(1, figures.support[label]);
    context.fillStyle = label === prediction ? `rgba(44,160,90,${0.08 + 0.92 * share})` : `rgba(201,79,109,${count ? 0.15 + 0.85 * share : 0.04})`;
    context.fillRect(prediction * size, label * size, size - 1, size - 1);
    if (size >= 26 && count) {
      context.fillStyle = getComputedStyle(document.body).color;
      context.font = "11px system-ui"; context.textAlign = "center"; context.textBaseline = "middle";
      context.fillText(count, (prediction + 0.5) * size, (label + 0.5) * size);
    }
  }));
  canvas.addEventListener("pointermove", event => {
    const box = canvas.getBoundingClientRect();
    const [label, prediction] = [event.clientY - box.top, event.clientX - box.left].map(place =>
      Math.max(0, Math.min(classes.length - 1, Math.floor(place / box.width * classes.length))));
    showTip(event, `${classes[label]} taken for ${classes[prediction]}: ${counts[label][prediction]} of ${figures.support[label]}`);
  });
  canvas.addEventListener("pointerleave", hideTip);
  const mistakes = counts.flatMap((row, label) => row.map((count, prediction) => ({ label, prediction, count })))
    .filter(cell => cell.label !== cell.prediction && cell.count).sort((a, b) => b.count - a.count).slice(0, 5);
  return make("div", { class: "panel" }, make("h3", {}, "Confusion matrix"),
    make("p", {}, "Rows are labels, columns predictions, in the order of the table."), canvas,
    ...mistakes.map(cell => make("p", {}, `${classes[cell.label]} taken for ${classes[cell.prediction]}: ${cell.count}`)));
}

function classifier(run, place) {
  const figures = run.figures;
  place.append(make("p", {}, `${figures.samples} ${figures.split} samples of ${figures.data}: ` +
    `accuracy ${format(figures.accuracy)}, mean F1 ${format(figures.macro.f1)}` +
    (figures.calibration ? `, calibration error ${format(figures.calibration.error)}` : "")));
  const rows = figures.classes.map((name, index) => ({ name, ...figures.scores[index], ...(figures.curves ? figures.curves[index] : {}) }));
  const columns = [["class", "name"], ["precision", "precision"], ["recall", "recall"], ["F1", "f1"], ["samples", "support"]];
  if (figures.curves) columns.push(["ROC area", "roc_area"], ["average precision", "average_precision"]);
  place.append(make("div", { class: "beside" }, confusion(figures),
    make("div", { class: "panel wide" }, make("h3", {}, "Classes"), table(columns.map(([title, key]) => ({ title, value: row => row[key] })), rows, { class: "classes" }))));
  const charts = make("div", { class: "grid" });
  const square = { x: [0, 1], y: [0, 1] };
  if (figures.curves) {
    const curves = name => figures.curves.map((curve, index) => ({ name: figures.classes[index], color: color(index), points: curve[name] })).filter(curve => curve.points.length);
    charts.append(chart({ title: "ROC, each class against the rest: true over false positive rate", curves: curves("roc"), range: square, unit: "false positive rate", diagonal: true }),
      chart({ title: "Precision over recall, each class against the rest", curves: curves("precision_recall"), range: square, unit: "recall" }));
  }
  if (figures.calibration) {
    charts.append(chart({ title: "Calibration: part that is right over confidence", range: square, unit: "confidence", diagonal: true,
      curves: [{ name: "right", color: color(0), points: figures.calibration.bins.map(bin => [bin.confidence, bin.accuracy]) }] }));
  }
  if (charts.children.length) place.append(legend(figures.curves ? figures.classes.slice(0, 20).map((name, index) => [name, color(index)]) : []), charts);
  if (figures.worst.length) {
    place.append(make("h3", {}, "Most wrong"), make("div", { class: "wrong" }, ...figures.worst.map(sample => make("figure", {},
      sample.image ? make("img", { src: sample.image, alt: `sample ${sample.sample}` }) : null,
      make("figcaption", {}, `${sample.sample}: ${figures.classes[sample.prediction]} ${format(sample.score, 3)}, is ${figures.classes[sample.label]} ${format(sample.label_score, 3)}`)))));
  }
}

function errors(run, place) {
  place.append(make("p", {}, `${run.errors.samples} ${run.errors.split} samples of ${run.errors.data}: ` +
    `MAE ${format(run.errors.mae)}, RMSE ${format(run.errors.rmse)}, R2 ${format(run.errors.r2)}`));
}

for (const run of runs) {
  if (!run.figures && !run.errors && !run.outputs && !run.kernels && !run.note) continue;
  const place = section(`${run.name}: the best weights`);
  if (run.note) place.append(make("p", {}, run.note));
  if (run.figures) classifier(run, place);
  if (run.errors) errors(run, place);
  for (const output of run.outputs || []) {
    place.append(make("h3", {}, `Output ${output.name}`));
    if (output.figures) classifier(output, place);
    if (output.errors) errors(output, place);
  }
  if (run.kernels) place.append(make("h3", {}, `Kernels of ${run.kernels.layer}`), make("div", { class: "kernels" }, make("img", { src: run.kernels.image, alt: "kernels" })));
}
