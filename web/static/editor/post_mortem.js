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
    box.hidden = false;
    box.addEventListener("change", () => this.write());
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.value === "add") {
        this.body.append(this.row({}));
        this.body.lastElementChild.querySelector("input").focus();
      } else if (button.value === "sort") this.write(true);
      else if (button.value === "remove") {
        button.closest("tr").remove();
        this.write();
        this.box.querySelector("button[value=add]").focus();
      }
    });
  }

  row(values) {
    const row = document.createElement("tr");
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

  /** Show rows as they stand in the text; not while somebody works on them. `null`: the text has an odd table, or none. */
  show(rows, language) {
    this.language = language;
    if (this.box.contains(document.activeElement) && document.activeElement !== this.box.querySelector("summary")) return;
    const isOdd = rows === null && this.isThere;
    this.box.querySelector(".odd")?.remove();
    if (isOdd) this.box.querySelector("summary").after(Object.assign(document.createElement("p"), { className: "odd faint", textContent: this.box.dataset.odd }));
    for (const one of this.box.querySelectorAll(".wide, .actions")) one.hidden = isOdd;
    this.body.replaceChildren(...(rows ?? []).map((one) => this.row(one)));
  }

  get isThere() {
    const names = this.name === "timeline" ? /^#+\s.*(timeline|zeitachse)\s*$/im : /^#+\s.*(action items|maßnahmen)\s*$/im;
    const found = field.value.match(names);
    if (!found) return false;
    const rest = field.value.slice(found.index + found[0].length);
    return rest.slice(0, (rest.search(/^#/m) + 1 || rest.length + 1) - 1).includes("|");
  }

  /** Put the rows into the text; what was typed there meanwhile stays. */
  async write(isSorted = false) {
    const rows = [...this.body.rows].map((row) => Object.fromEntries([...row.querySelectorAll("[data-name]")].map((one) => [one.dataset.name, one.value])));
    const before = field.value;
    const sent = new URLSearchParams({ body: before, language: this.language, [this.name]: JSON.stringify(rows) });
    if (isSorted) sent.set("sorted", "1");
    try {
      const answer = await session.post(panel.dataset.tables, sent);
      if (!answer.ok) return;
      const { body } = await answer.json();
      if (field.value !== before) return this.write(isSorted);
      if (body !== before) {
        field.value = body;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      if (isSorted) document.activeElement?.blur();
      soon();
    } catch {
      // Not connected: the rows stay on the page and are written with the next change.
    }
  }
}

const tables = ["timeline", "actions"].filter(at).map((name) => new Rows(at(name), name));
form.addEventListener("input", (event) => event.target.name && soon());
form.addEventListener("change", (event) => event.target.name && soon());
look();
