// The buttons above the text and the keys that do the same. Every change can be undone: it is typed, not set.

import { block, entered, headed, indented, led, linked, wrapped } from "./markdown.js";

const LIST = /^(\s*)[-*+] (?!\[[ xX]\] )/;
const NUMBERED = /^(\s*)\d+[.)] /;
const TASK = /^(\s*)[-*+] \[[ xX]\] /;
const QUOTE = /^(\s*)> ?/;

/** Type a change into a text field, so that the browser's own undo takes it back. */
export function type(field, made) {
  if (!made) return;
  field.focus();
  field.setSelectionRange(made.from, made.to);
  const done = made.text
    ? document.execCommand("insertText", false, made.text)
    : made.from === made.to || document.execCommand("delete");
  if (!done) {
    field.setRangeText(made.text, made.from, made.to, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  field.setSelectionRange(made.start, made.end);
}

/** Return name → what it does, with the words of the page as samples. */
function actions(words) {
  const on = (make) => (field) => type(field, make(field.value, field.selectionStart, field.selectionEnd));
  return {
    bold: on((text, a, b) => wrapped(text, a, b, "**", words.text)),
    italic: on((text, a, b) => wrapped(text, a, b, "*", words.text)),
    code: on((text, a, b) => wrapped(text, a, b, "`", words.text)),
    link: on((text, a, b) => linked(text, a, b, words.text)),
    heading: on(headed),
    list: on((text, a, b) => led(text, a, b, "- ", LIST)),
    numbered: on((text, a, b) => led(text, a, b, (number) => `${number}. `, NUMBERED)),
    tasks: on((text, a, b) => led(text, a, b, "- [ ] ", TASK)),
    quote: on((text, a, b) => led(text, a, b, "> ", QUOTE)),
    fence: on((text, a, b) => block(text, a, b, "```«sh»\n{}\n```", "")),
    note: on((text, a, b) => block(text, a, b, `> [!NOTE]\n> «{}»`, words.text)),
    table: on((text, a, b) => block(text, a, b, `| «${words.column}» | ${words.column} |\n| --- | --- |\n|  |  |\n|  |  |`, "")),
    inwards: on((text, a, b) => indented(text, a, b, false)),
    outwards: on((text, a, b) => indented(text, a, b, true)),
  };
}

const KEYS = { b: "bold", i: "italic", k: "link", e: "code", "]": "inwards", "[": "outwards" };

/** Let the toolbar and the keys work on a text field. */
export function installToolbar(bar, field) {
  const does = actions(bar.dataset);
  const buttons = [...bar.querySelectorAll("button")];
  bar.hidden = false;
  // One stop for the Tab key, arrows within: the pattern of a toolbar.
  const rest = (button) => buttons.forEach((one) => (one.tabIndex = one === button ? 0 : -1));
  rest(buttons[0]);
  bar.addEventListener("focusin", (event) => buttons.includes(event.target) && rest(event.target));
  bar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at === -1 || to === undefined) return;
    event.preventDefault();
    buttons[(to + buttons.length) % buttons.length].focus();
  });
  bar.addEventListener("click", (event) => does[event.target.closest("button")?.dataset.do]?.(field));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && KEYS[event.key.toLowerCase()]) {
      event.preventDefault();
      does[KEYS[event.key.toLowerCase()]](field);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      const made = entered(field.value, field.selectionStart, field.selectionEnd);
      if (made) {
        event.preventDefault();
        type(field, made);
      }
    }
  });
}
