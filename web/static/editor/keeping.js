// Keep what is written: at once in this browser, within seconds on the server. Nothing but what did not reach the server
// stays in the browser, under the name of the person, and signing out removes it (site.js).

import { SignedOut } from "./session.js";

const PREFIX = "fixlore:draft:";
const WAIT_MS = 1500;
const AGAIN_MS = 5000;
/** Longer texts are not written into the browser's memory at every key: that would be felt. */
const LONG = 100_000;
const UNKEPT = ["csrf_token", "state", "preview", "covered", "draft"];
/** They say over what a text was written, not what was written. */
const BOOKKEEPING = ["revision", "began", "started", "from", "request"];

/** Return field → texts of a form as it stands. */
export function valuesOf(form) {
  const values = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !UNKEPT.includes(name)) (values[name] ??= []).push(value.replace(/\r\n?/g, "\n"));
  }
  return values;
}

const written = (values) =>
  JSON.stringify(Object.entries(values).filter(([name]) => !BOOKKEEPING.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Say whether somebody has signed out in this browser since the page was opened, perhaps on this page itself. */
const wasSignedOut = () => Number(localStorage.getItem("signed-out")) > performance.timeOrigin;

export class Keeping {
  constructor(form, session, say) {
    this.form = form;
    this.session = session;
    this.say = say;
    this.version = form.elements.draft.value = Number(form.dataset.version); // browsers restore fields of before
    this.place = `${PREFIX}${form.dataset.person}:${form.dataset.key}`;
    this.seen = written(valuesOf(form));
    this.timer = this.local = 0;
    this.underWay = null;
    this.isOut = this.isLeaving = false;
    this.forgetOthers();
    this.found = this.left();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    window.addEventListener("online", () => this.changed());
    window.addEventListener("focus", () => this.isOut && this.keep());
    window.addEventListener("pagehide", () => this.keepHere());
    window.addEventListener("storage", (event) => {
      if (event.key === "signed-out") this.signedOut("");
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.isDirty && !this.isLeaving) event.preventDefault();
    });
  }

  get isDirty() {
    return written(valuesOf(this.form)) !== this.seen;
  }

  /** Note a change: keep it here now, there soon. */
  changed() {
    if (!this.isDirty) {
      this.forgetHere();
      return;
    }
    if (this.form.elements.body.value.length < LONG) this.keepHere();
    else this.local ||= setTimeout(() => this.keepHere(), 500);
    this.timer ||= setTimeout(() => this.keep(), WAIT_MS);
  }

  keepHere() {
    clearTimeout(this.local);
    this.local = 0;
    if (this.isOut || this.isLeaving || !this.isDirty || wasSignedOut()) return;
    try {
      localStorage.setItem(this.place, JSON.stringify({ at: Date.now(), values: valuesOf(this.form) }));
      this.isHere = true;
    } catch {
      this.isHere = false; // the browser's memory is full: the server remains
    }
  }

  forgetHere() {
    localStorage.removeItem(this.place);
  }

  /** Keep the text on the server and say whether it is there; what is under way is waited for, as it counts up the version. */
  async keep({ overAny = false } = {}) {
    clearTimeout(this.timer);
    this.timer = 0;
    while (this.underWay) await this.underWay; // of several who wait, one goes on and the others wait for that one
    if (!this.isDirty) return true;
    this.underWay = this.send(overAny ? null : this.version).finally(() => (this.underWay = null));
    const isKept = await this.underWay;
    if (isKept && this.isDirty) this.timer ||= setTimeout(() => this.keep(), WAIT_MS);
    return isKept;
  }

  async send(version) {
    const values = valuesOf(this.form);
    const sent = written(values);
    this.say("saving");
    let answer;
    try {
      const body = JSON.stringify({ values, article: this.form.dataset.article, version });
      answer = await this.session.post(this.form.dataset.keep, body, { "Content-Type": "application/json" });
    } catch (error) {
      if (error instanceof SignedOut) this.signedOut(error.other);
      else this.say("offline");
      this.again();
      return false;
    }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      if (answer.status === 409) this.say("elsewhere");
      else if (answer.status === 413) this.say("toolong");
      else this.say("refused", told.error ?? String(answer.status));
      if (answer.status >= 500) this.again();
      return false;
    }
    this.isOut = false;
    this.version = this.form.elements.draft.value = told.version;
    this.seen = sent;
    if (!this.isDirty) this.forgetHere();
    this.say("saved");
    return true;
  }

  again() {
    this.timer ||= setTimeout(() => this.keep(), AGAIN_MS);
  }

  /** Go on without a session: the text stays on the page, and in nobody's memory but that of whom it belongs to. */
  signedOut(other) {
    const isKnown = this.isOut;
    if (other || wasSignedOut()) {
      this.isOut = true;
      this.forgetHere();
    }
    if (!isKnown) this.say(other ? "other" : "signedout", other);
  }

  /** Take off what another person left in this browser. */
  forgetOthers() {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${this.form.dataset.person}:`)) localStorage.removeItem(name);
    }
  }

  /** Return what this browser kept of this text and the server has not: `{at, values}`, or null. */
  left() {
    const aside = `${this.place}:left`;
    const read = (name) => {
      try {
        return JSON.parse(localStorage.getItem(name));
      } catch {
        return null;
      }
    };
    const found = read(this.place) ?? read(aside);
    localStorage.removeItem(this.place);
    if (!found || written(found.values) === this.seen) {
      localStorage.removeItem(aside);
      return null;
    }
    localStorage.setItem(aside, JSON.stringify(found)); // until somebody says what to do with it
    return found;
  }

  forgetLeft() {
    localStorage.removeItem(`${this.place}:left`);
  }

  /** Make what was left the draft, and show it. */
  async continueLeft(found) {
    const values = { ...valuesOf(this.form), ...found.values };
    const body = JSON.stringify({ values, article: this.form.dataset.article, version: this.version });
    const answer = await this.session
      .post(this.form.dataset.keep, body, { "Content-Type": "application/json" })
      .catch(() => null);
    if (answer?.ok) {
      this.forgetLeft();
      this.forgetHere();
      this.isLeaving = true;
      location.replace(location.pathname);
      return;
    }
    for (const [name, [first]] of Object.entries(found.values)) {
      const field = this.form.elements[name];
      if (field && "value" in field && !BOOKKEEPING.includes(name)) field.value = first;
    }
    this.forgetLeft();
    this.changed();
  }
}
