/** The page's own program: draws only the rows that are in sight, however many there are. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ROW_PX = 22;
  const NAMES_PX = 28;
  /** Rows drawn beyond those in sight, and how far arrows are looked for. */
  const SPARE_ROWS = 12;
  const ARROW_ROWS = 600;
  const SVG = "http://www.w3.org/2000/svg";
  const byId = (id) => document.getElementById(id);
  const [scroller, names, space, detail] = ["events", "names", "space", "detail"].map(byId);

  // An entry: time, actor, kind, sender or −1, time of sending, text or −1.
  const [AT, ACTOR, KIND, FROM, SENT, TEXT] = [0, 1, 2, 3, 4, 5];
  const { actors, kinds, texts, entries, bands, violations } = data;
  const shownActors = new Set(actors.keys());
  const shownKinds = new Set([...kinds.keys()].filter((kind) => !data.quietKinds.includes(kind)));
  let rows = [];
  let columns = [];
  let chosen = -1;

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const px = (rem) => rem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const timePx = px(7.5);
  const leftOf = (column) => timePx + 12 + column * columnPx();
  const columnPx = () =>
    Math.max(px(8.5), (scroller.clientWidth - timePx - 60) / Math.max(1, columns.length));
  const timeText = (ms) => ms.toFixed(3);
  const textOf = (entry) => (entry[TEXT] < 0 ? "" : texts[entry[TEXT]]);

  function choose() {
    columns = [...actors.keys()].filter((actor) => shownActors.has(actor));
    rows = [...entries.keys()].filter(
      (i) => shownActors.has(entries[i][ACTOR]) && shownKinds.has(entries[i][KIND]),
    );
    byId("count").textContent =
      `${rows.length.toLocaleString("en")} of ${entries.length.toLocaleString("en")} entries shown`;
    scroller.setAttribute("aria-rowcount", String(rows.length + 1));
    layOut();
  }

  /** Everything that does not change by scrolling. */
  function layOut() {
    const width = leftOf(columns.length) + 40;
    names.replaceChildren(cellOf("columnheader", "true time, ms", timePx + 12));
    for (const actor of columns) names.append(cellOf("columnheader", actors[actor], columnPx()));
    names.style.width = `${width}px`;
    space.style.width = `${width}px`;
    space.style.height = `${rows.length * ROW_PX + 40}px`;
    const ways = columns.map((_, i) => {
      const way = element("div", { className: "way" });
      way.style.left = `${leftOf(i)}px`;
      way.setAttribute("aria-hidden", "true");
      return way;
    });
    space.replaceChildren(...ways, ...bands.flatMap(bandElements), arrows, drawn);
    draw();
  }

  function cellOf(role, text, width) {
    const cell = element("div", { textContent: text, title: text });
    cell.setAttribute("role", role);
    cell.style.width = `${width}px`;
    return cell;
  }

  function bandElements({ what, actors: struck, fromMs, toMs }) {
    const top = yOf(fromMs);
    const height = Math.max(4, yOf(toMs) - top);
    return struck.flatMap((actor) => {
      const column = columns.indexOf(actor);
      if (column < 0) return [];
      const label = element("span", { textContent: what, title: what });
      const band = element("div", { className: "band" }, label);
      band.setAttribute("aria-hidden", "true");
      Object.assign(band.style, {
        left: `${leftOf(column)}px`,
        width: `${columnPx() - 6}px`,
        top: `${top}px`,
        height: `${height}px`,
      });
      return [band];
    });
  }

  const arrows = document.createElementNS(SVG, "svg");
  arrows.id = "arrows";
  arrows.setAttribute("aria-hidden", "true");
  const drawn = element("div");

  /** The first row that is not before this time. */
  function rowAt(ms) {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[rows[middle]][AT] < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  const yOf = (ms) => rowAt(ms) * ROW_PX;

  const topRow = () => Math.max(0, Math.ceil(scroller.scrollTop / ROW_PX));

  function inSight() {
    const top = Math.max(0, scroller.scrollTop - NAMES_PX);
    const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
    const count = Math.ceil(scroller.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    return [first, Math.min(rows.length, first + count)];
  }

  function draw() {
    const [first, end] = inSight();
    space.style.setProperty("--left", `${scroller.scrollLeft}px`);
    const some = [];
    for (let row = first; row < end; row++) some.push(rowElement(row));
    drawn.replaceChildren(...some);
    drawArrows(first, end);
  }

  function rowElement(row) {
    const entry = entries[rows[row]];
    const kind = kinds[entry[KIND]];
    const before = row === 0 ? undefined : entries[rows[row - 1]][AT];
    const time = element("span", {
      className: "time",
      textContent: entry[AT] === before ? "″" : timeText(entry[AT]),
      title: timeText(entry[AT]),
    });
    const what = element("span", { className: "what" }, kindText(entry));
    if (entry[TEXT] >= 0) {
      what.append(element("span", { className: "text", textContent: textOf(entry) }));
    }
    what.style.left = `${leftOf(columns.indexOf(entry[ACTOR]))}px`;
    const made = element("div", { className: `row ${classOf(kind)}` }, time, what);
    made.classList.toggle("chosen", row === chosen);
    made.style.top = `${row * ROW_PX}px`;
    made.dataset.row = row;
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", String(row + 2));
    for (const cell of [time, what]) cell.setAttribute("role", "cell");
    what.setAttribute("aria-label", `${actors[entry[ACTOR]]}: ${kindText(entry)} ${textOf(entry)}`);
    return made;
  }

  function kindText(entry) {
    const kind = kinds[entry[KIND]];
    const isFar = entry[FROM] >= 0 && !shownActors.has(entry[FROM]);
    return isFar ? `${kind} ← ${actors[entry[FROM]]}` : kind;
  }

  function classOf(kind) {
    if (kind === "violation") return "violation";
    if (kind === "fault") return "fault";
    if (kind === "log warn") return "warn";
    return kind === "log error" ? "error" : "";
  }

  /** From the sender's column at the time of sending to the row of the arrival. */
  function drawArrows(first, end) {
    const paths = [marker()];
    const last = Math.min(rows.length, end + ARROW_ROWS);
    for (let row = first; row < last; row++) {
      const entry = entries[rows[row]];
      if (entry[FROM] < 0) continue;
      const [from, to] = [columns.indexOf(entry[FROM]), columns.indexOf(entry[ACTOR])];
      if (from < 0 || from === to) continue;
      const sentRow = rowAt(entry[SENT]);
      if (sentRow >= end) continue;
      paths.push(arrow(from, sentRow, to, row, isExact(sentRow, entry)));
    }
    arrows.replaceChildren(...paths);
  }

  function isExact(row, entry) {
    const sender = entries[rows[row]];
    return sender[AT] === entry[SENT] && sender[ACTOR] === entry[FROM];
  }

  function arrow(from, sentRow, to, row, exact) {
    const path = document.createElementNS(SVG, "path");
    const side = from < to ? -5 : 5;
    const y = sentRow * ROW_PX + (exact ? ROW_PX / 2 : 0);
    const target = `${leftOf(to) + side} ${row * ROW_PX + ROW_PX / 2}`;
    path.setAttribute("d", `M${leftOf(from)} ${y} L${target}`);
    path.setAttribute("marker-end", "url(#head)");
    if (row === chosen) path.setAttribute("class", "chosen");
    return path;
  }

  function marker() {
    const defs = document.createElementNS(SVG, "defs");
    defs.innerHTML =
      '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill:var(--arrow);stroke:none"/></marker>';
    return defs;
  }

  function select(row) {
    if (rows.length === 0) return;
    chosen = Math.max(0, Math.min(rows.length - 1, row));
    const y = chosen * ROW_PX;
    const height = scroller.clientHeight - NAMES_PX;
    if (y < scroller.scrollTop || y > scroller.scrollTop + height - 2 * ROW_PX) {
      scroller.scrollTop = Math.max(0, y - height / 3);
    }
    const left = leftOf(columns.indexOf(entries[rows[chosen]][ACTOR]));
    const isBeside = left < scroller.scrollLeft + leftOf(0) - 1;
    if (isBeside || left > scroller.scrollLeft + scroller.clientWidth - columnPx()) {
      scroller.scrollLeft = Math.max(0, left - scroller.clientWidth / 2);
    }
    draw();
    tell(entries[rows[chosen]]);
  }

  function tell(entry) {
    const actor = actors[entry[ACTOR]];
    const under = bands
      .filter(({ fromMs, toMs }) => fromMs <= entry[AT] && entry[AT] <= toMs)
      .map(({ what }) => what);
    const from =
      entry[FROM] < 0
        ? ""
        : `, sent by ${actors[entry[FROM]]} at ${timeText(entry[SENT])} ms, ${timeText(entry[AT] - entry[SENT])} ms under way`;
    const line = `${timeText(entry[AT])} ms, ${actor}: ${kinds[entry[KIND]]}${from}`;
    detail.replaceChildren(element("p", { textContent: line }));
    if (entry[TEXT] >= 0) detail.append(element("p", { textContent: textOf(entry) }));
    if (under.length > 0) {
      const text = `while: ${under.join(" · ")}`;
      detail.append(element("p", { className: "quiet", textContent: text }));
    }
  }

  function step(kind, direction) {
    const wanted = kinds.indexOf(kind);
    let row = chosen < 0 ? topRow() - 1 : chosen;
    for (row += direction; row >= 0 && row < rows.length; row += direction) {
      if (entries[rows[row]][KIND] === wanted) return select(row);
    }
  }

  function find() {
    const text = byId("find").value.toLowerCase();
    if (text === "") return;
    const has = (entry) =>
      `${actors[entry[ACTOR]]} ${kinds[entry[KIND]]} ${textOf(entry)}`.toLowerCase().includes(text);
    for (let i = 1; i <= rows.length; i++) {
      const row = (Math.max(chosen, -1) + i) % rows.length;
      if (has(entries[rows[row]])) return select(row);
    }
    detail.replaceChildren(element("p", { textContent: `Nothing that is shown has “${text}”.` }));
  }

  function choices(id, all, shown, indexOf) {
    const counts = new Array(all.length).fill(0);
    for (const entry of entries) counts[entry[indexOf]] += 1;
    const boxes = all.map((name, i) => {
      const box = element("input", { type: "checkbox", checked: shown.has(i) });
      box.addEventListener("change", () => {
        if (box.checked) shown.add(i);
        else shown.delete(i);
        keepTime(choose);
      });
      const count = element("span", {
        className: "count",
        textContent: counts[i].toLocaleString("en"),
      });
      return element("label", {}, box, name, count);
    });
    const whole = (text, isShown) => {
      const button = element("button", { type: "button", className: "whole", textContent: text });
      button.addEventListener("click", () => {
        shown.clear();
        if (isShown) for (const i of all.keys()) shown.add(i);
        for (const label of boxes) label.firstChild.checked = isShown;
        keepTime(choose);
      });
      return button;
    };
    byId(id)
      .querySelector(".choices")
      .append(whole("all", true), whole("none", false), ...boxes);
  }

  /** What was chosen, or on top, stays in sight when other rows are shown. */
  function keepTime(change) {
    const row = chosen >= 0 ? chosen : Math.min(rows.length - 1, topRow());
    const entry = rows.length === 0 ? undefined : entries[rows[row]];
    const wasChosen = chosen >= 0;
    chosen = -1;
    change();
    if (entry === undefined || rows.length === 0) return;
    if (wasChosen) select(rowAt(entry[AT]));
    else scroller.scrollTop = yOf(entry[AT]);
    draw();
  }

  function listen() {
    scroller.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
    addEventListener("resize", () => keepTime(layOut));
    space.addEventListener("click", (event) => {
      const row = event.target.closest?.(".row");
      if (row) select(Number(row.dataset.row));
    });
    const moves = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 20, PageUp: -20 };
    scroller.addEventListener("keydown", (event) => {
      const ends = { Home: 0, End: rows.length - 1 }[event.key];
      const by = moves[event.key];
      if (by === undefined && ends === undefined) return;
      event.preventDefault();
      select(ends ?? (chosen < 0 ? topRow() : chosen + by));
    });
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    byId("find").addEventListener("keydown", (event) => event.key === "Enter" && find());
    byId("goto").addEventListener("change", () => {
      const ms = Number.parseFloat(byId("goto").value);
      if (Number.isFinite(ms)) select(rowAt(ms));
    });
    for (const kind of ["fault", "violation"]) {
      const isThere = kinds.includes(kind);
      for (const [way, direction] of [
        ["previous", -1],
        ["next", 1],
      ]) {
        const button = byId(`${way}-${kind}`);
        button.disabled = !isThere;
        button.addEventListener("click", () => step(kind, direction));
      }
    }
  }

  byId("summary").textContent = data.summary;
  byId("options").textContent = data.options;
  byId("violations").append(
    ...violations.map(({ invariant, what, atMs }) => {
      const button = element("button", { type: "button", textContent: `${invariant} ${what}` });
      button.addEventListener("click", () => select(rowAt(atMs ?? Number.POSITIVE_INFINITY)));
      return button;
    }),
  );
  choices("actors", actors, shownActors, ACTOR);
  choices("kinds", kinds, shownKinds, KIND);
  listen();
  choose();
  // `trace.html#12000` opens at 12 s.
  const atMs = Number.parseFloat(location.hash.slice(1));
  if (Number.isFinite(atMs)) select(rowAt(atMs));
  const hint = element("p", {
    className: "quiet",
    textContent:
      "Choose a row: click, or arrow keys, j and k in the table. Arrows are messages, coloured columns are faults.",
  });
  if (chosen < 0) detail.append(hint);
})();
