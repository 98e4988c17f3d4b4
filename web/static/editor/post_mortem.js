// What is said of the text while it is written, and the rows of a post-mortem's tables as fields.
//
// The tables stand in the text and nowhere else: the server reads rows from it and writes them back.

import { Session } from "./session.js";

const at = (name) => document.getElementById(`f:${name}`);
const form = at("form");
const field = at("body");
const panel = at("lint");
const session = new Session(form);
const WAIT_MS = 700;
let timer = 0;
let asked = null;

/** Return the place in the text box of a place counted in code points, as the server counts. */
const unitsOf = (points) => Array.from(field.value).slice(0, points).join("").length;

const look = async () => {
  asked?.abort();
  const mine = (asked = new AbortController());
  const sent = new FormData(form);
  sent.set("article", form.dataset.article);
  try {
    const answer = await session.post(panel.dataset.lint, new URLSearchParams(sent), {}, mine.signal);
    if (!answer.ok || mine !== asked) return;
    const told = await answer.json();
    if (mine !== asked) return;
    if (panel.innerHTML.trim() !== told.html.trim()) panel.innerHTML = told.html;
    for (const table of tables) table.show(told[table.name], told.language);
  } catch {
    // The text is what counts; it is looked at again with the next change.
  }
};
const soon = () => {
  clearTimeout(timer);
  timer = setTimeout(look, WAIT_MS);
};

panel.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  const { start, end, heading } = link.dataset;
  const aim = document.getElementById(link.hash.slice(1));
  if (!aim) return;
  event.preventDefault();
  for (let one = aim.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
  aim.focus();
  if (start !== undefined) select(unitsOf(Number(start)), unitsOf(Number(end)));
  else if (heading) {
    const found = field.value.split("\n").findIndex((line) => line.replace(/^[#\s\d.)]+|[#\s]+$/g, "").toLowerCase() === heading.toLowerCase());
    if (found >= 0) {
      const before = field.value.split("\n").slice(0, found).join("\n").length + (found ? 1 : 0);
      select(before, before + field.value.slice(before).search(/\n|$/));
    }
  }
});

/** Change in the text box only what differs, so that whoever types there meanwhile keeps their place. */
const replace = (before, after) => {
  let from = 0;
  while (from < Math.min(before.length, after.length) && before[from] === after[from]) from += 1;
  let rest = 0;
  while (rest < Math.min(before.length, after.length) - from && before.at(-1 - rest) === after.at(-1 - rest)) rest += 1;
  field.setRangeText(after.slice(from, after.length - rest), from, before.length - rest, "preserve");
};

/** Select a piece of the text and bring it into view: a text box scrolls to where it gets the focus. */
const select = (start, end) => {
  field.setSelectionRange(start, start);
  field.blur();
  field.focus();
  field.setSelectionRange(start, end);
};

class Rows {
  constructor(box, name) {
    this.box = box;
    this.name = name;
    this.body = box.querySelector("tbody");
    this.columns = [...box.querySelectorAll("th[data-name]")].map((one) => ({
      name: one.dataset.name,
      label: one.textContent,
      type: one.dataset.type ?? "text",
      options: one.dataset.options ? JSON.parse(one.dataset.options) : null,
    }));
    this.removal = box.querySelector("th:last-child").textContent;
    this.language = "en";
    this.text = ""; // the table that the rows were read from
    this.removed = [];
    this.writing = 0;
    this.buttons = box.querySelectorAll(".actions button");
    for (const one of this.buttons) one.disabled = true; // until it is known what stands in the text
    box.hidden = false;
    box.addEventListener("change", () => this.write());
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.value === "add") {
        this.body.append(this.row({}, false));
        this.body.lastElementChild.querySelector("input").focus();
      } else if (button.value === "sort") this.write(true);
      else if (button.value === "remove") {
        const row = button.closest("tr");
        if (row.was) this.removed.push(row.was);
        row.remove();
        this.write();
        this.box.querySelector("button[value=add]").focus();
      }
    });
  }

  /** Return a row as fields; `was` is what stands in the text for it, nothing for one that was added. */
  row(values, isThere = true) {
    const row = document.createElement("tr");
    row.was = isThere ? this.key(values) : "";
    for (const column of this.columns) {
      const cell = row.insertCell();
      const value = values[column.name] ?? "";
      const control = document.createElement(column.options ? "select" : "input");
      if (column.options) for (const [key, label] of [["", "–"], ...column.options]) control.add(new Option(label, key, false, key === value));
      else if (column.type === "text" || !value || /^\d{4}-\d\d-\d\d$/.test(value)) control.type = column.type;
      control.value = value;
      control.setAttribute("aria-label", column.label);
      control.dataset.name = column.name;
      cell.append(control);
    }
    const button = Object.assign(document.createElement("button"), { type: "button", value: "remove", className: "quiet", textContent: this.removal });
    row.insertCell().append(button);
    return row;
  }

  /** Return values as one text, to compare rows by. */
  key(values) {
    return JSON.stringify(this.columns.map((one) => values[one.name] ?? ""));
  }

  values(row) {
    return Object.fromEntries([...row.querySelectorAll("[data-name]")].map((one) => [one.dataset.name, one.value]));
  }

  isChanged(row) {
    return row.was !== this.key(this.values(row));
  }

  /** Show rows as they stand in the text, unless somebody works on them. No rows: the text has an odd table, or none. */
  show({ rows, text }, language) {
    this.language = language;
    if (this.writing) return;
    const isFocused = this.body.contains(document.activeElement);
    const isChanged = this.removed.length > 0 || [...this.body.rows].some((row) => this.isChanged(row));
    if (isFocused && (isChanged || text === this.text)) return;
    if (isChanged) this.merge({ rows, text });
    else this.put(rows ?? [], text);
    const isOdd = rows === null && text !== "";
    this.box.querySelector(".odd")?.remove();
    if (isOdd) this.box.querySelector("summary").after(Object.assign(document.createElement("p"), { className: "odd faint", textContent: this.box.dataset.odd }));
    for (const one of this.box.querySelectorAll(".wide, .actions")) one.hidden = isOdd;
    for (const one of this.buttons) one.disabled = false;
  }

  put(rows, text) {
    const place = this.place();
    this.text = text;
    this.removed = [];
    this.body.replaceChildren(...rows.map((one) => this.row(one)));
    this.focus(place);
  }

  /** Return row and column of the field with the focus, if it is one of these. */
  place() {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    return focused && [focused.closest("tr").sectionRowIndex, focused.closest("td").cellIndex];
  }

  focus(place) {
    if (place) this.body.rows[place[0]]?.cells[place[1]].firstElementChild.focus();
  }

  /** Show the rows that stand in the text by now, with what was changed here: the text wins where both did. */
  merge({ rows, text }) {
    const mine = [...this.body.rows].filter((row) => this.isChanged(row)).map((row) => [row.was, this.values(row)]);
    const { removed } = this;
    const place = this.place();
    this.put(rows ?? [], text);
    const find = (was) => [...this.body.rows].find((row) => row.was === was && !this.isChanged(row));
    for (const was of removed) {
      const row = find(was);
      if (row) this.removed.push(was);
      row?.remove();
    }
    for (const [was, values] of mine) {
      const row = this.row(values);
      row.was = was;
      if (was) find(was)?.replaceWith(row);
      else this.body.append(row);
    }
    this.focus(place);
  }

  /** Put the rows into the text; what was typed there meanwhile stays. */
  async write(isSorted = false) {
    const before = field.value;
    const written = [...this.body.rows];
    const sent = new URLSearchParams({
      body: before,
      language: this.language,
      [this.name]: JSON.stringify(written.map((row) => this.values(row))),
      [`${this.name}_text`]: this.text,
    });
    const removed = [...this.removed];
    if (isSorted) sent.set("sorted", "1");
    this.writing += 1;
    try {
      const answer = await session.post(panel.dataset.tables, sent);
      if (!answer.ok && answer.status !== 409) return;
      const told = await answer.json();
      if (field.value !== before) return await this.write(isSorted);
      const there = told[this.name];
      if (answer.status === 409) {
        const isOdd = there.rows === null && there.text !== "";
        if (isOdd) return soon();
        this.merge(there);
        return await this.write(isSorted);
      }
      if (told.body !== before) {
        replace(before, told.body);
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      this.text = there.text;
      this.removed = this.removed.filter((one) => !removed.includes(one));
      if (isSorted) this.put(there.rows ?? [], there.text);
      else written.forEach((row, at) => (row.was = there.rows?.[at] ? this.key(there.rows[at]) : row.was));
      soon();
    } catch {
      // Not connected: the rows stay on the page and are written with the next change.
    } finally {
      this.writing -= 1;
    }
  }
}

const tables = ["timeline", "actions"].filter(at).map((name) => new Rows(at(name), name));
form.addEventListener("input", (event) => event.target.name && soon());
form.addEventListener("change", (event) => event.target.name && soon());
look();
