// The editor. Without this script the form saves, previews and looks for what covers it by its buttons.

import { installCovering } from "./covering.js";
import { Keeping } from "./keeping.js";
import { installPreview } from "./preview.js";
import { Session, SignedOut } from "./session.js";
import { installToolbar } from "./toolbar.js";
import { installUploads } from "./uploads.js";

const at = (name) => document.getElementById(`f:${name}`);
const form = at("form");
const field = at("body");
const session = new Session(form);
const words = at("status").dataset;

// What was kept is said quietly; what went wrong is said aloud, once.
const say = (what, detail = "") => {
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const told = (words[what] ?? "").replace("{time}", time).replace("{reason}", detail).replace("{person}", detail);
  const isQuiet = ["saved", "saving"].includes(what);
  if (what === "unseen" && at("trouble").textContent) return; // what became of the text matters more than its preview
  if (what !== "saving" || !at("trouble").textContent) at("status").textContent = isQuiet ? told : "";
  if (what === "saving") return;
  if (at("trouble").firstChild?.textContent === told) return;
  at("trouble").replaceChildren(...(isQuiet ? [] : [told]));
  if (what === "signedout" || what === "other") {
    const way = Object.assign(document.createElement("a"), { href: form.dataset.signIn, target: "_blank", textContent: words.signin });
    at("trouble").append(" ", way);
  }
  if (what === "elsewhere") {
    const mine = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: words.mine });
    mine.addEventListener("click", () => keeping.keep({ overAny: true }));
    at("trouble").append(" ", mine);
  }
};

const keeping = new Keeping(form, session, say);
if (Number(form.dataset.version)) {
  const kept = new Date(form.dataset.savedAt);
  const time = kept.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  at("status").textContent = words.saved.replace("{time}", time);
}
installToolbar(at("toolbar"), field);
installUploads(form, field, at("file"), at("attach"), at("uploads"), session);
const showPreview = installPreview(form, at("preview"), session, say);
if (!form.dataset.article) installCovering(form, at("covering"), (address, body) => session.post(address, body));
for (const button of [at("look"), at("cover")]) button.hidden = true;
at("keys").hidden = false;

// Narrow windows show the text or the preview.
const views = at("views");
views.hidden = false;
views.addEventListener("click", (event) => {
  const chosen = event.target.closest("button");
  if (!chosen) return;
  for (const one of views.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === chosen));
  at("bench").dataset.view = chosen.value;
  if (chosen.value === "preview") showPreview();
});

form.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  if (event.key.toLowerCase() === "s") {
    event.preventDefault();
    keeping.keep().then((isKept) => isKept && say("saved"));
  } else if (event.key === "Enter") {
    event.preventDefault();
    form.requestSubmit(at("save"));
  }
});

// A form is sent when the draft is on the server: whatever comes of it, nothing is lost.
let isSending = false;
form.addEventListener("submit", async (event) => {
  if (keeping.isLeaving) return;
  event.preventDefault();
  if (isSending) return;
  isSending = true;
  const isKept = await keeping.keep();
  try {
    if (isKept) await session.renew();
  } catch (error) {
    isSending = false;
    say(error instanceof SignedOut ? (error.other ? "other" : "signedout") : "offline", error.other ?? "");
    return;
  }
  isSending = false;
  if (!isKept) return;
  keeping.isLeaving = true;
  form.requestSubmit(event.submitter);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // saved meanwhile: the page is that of another revision
});

// A post-mortem has fields of its own, which the server shows.
at("kind").addEventListener("change", async () => {
  const isShown = form.dataset.postMortem === "true";
  if (isShown === (at("kind").value === "post-mortem")) return;
  if (await keeping.keep()) {
    keeping.isLeaving = true;
    location.replace(location.pathname);
  }
});

// What this browser kept and the server does not have is offered, not forced on anybody.
if (keeping.found) {
  const left = at("left");
  const time = new Date(keeping.found.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  left.querySelector("p").textContent = left.dataset.told.replace("{time}", time);
  left.hidden = false;
  left.addEventListener("click", async (event) => {
    const wanted = event.target.closest("button")?.value;
    if (wanted === "continue") {
      await keeping.continueLeft(keeping.found);
      left.hidden = true;
    } else if (wanted === "discard") {
      keeping.forgetLeft();
      left.hidden = true;
      field.focus();
    } else if (wanted === "compare") {
      const body = new URLSearchParams({ before: field.value, after: keeping.found.values.body?.[0] ?? "" });
      const answer = await session.post(form.dataset.changes, body).catch(() => null);
      if (answer?.ok) at("compared").innerHTML = await answer.text();
    }
  });
}
