// The page beside the text: made by the server, as the published one is. The last answer wins.

import { SignedOut } from "./session.js";

const WAIT_MS = 300;
/** A text of this length takes seconds to render, which others who use the server would feel. */
const LONG = 200_000;
const LONG_WAIT_MS = 10_000;

/** Show in `pane` what `form` will look like, anew after each change. */
export function installPreview(form, pane, session, say) {
  const field = form.elements.body;
  let timer = 0;
  let asked = null;
  let wait = WAIT_MS;

  const follow = () => {
    const room = field.scrollHeight - field.clientHeight;
    if (room > 0) pane.scrollTop = (field.scrollTop / room) * (pane.scrollHeight - pane.clientHeight);
  };
  const show = async () => {
    if (!pane.checkVisibility()) return;
    asked?.abort();
    const mine = (asked = new AbortController());
    const began = performance.now();
    const sent = new FormData(form);
    sent.set("article", form.dataset.article);
    pane.setAttribute("aria-busy", "true");
    try {
      const answer = await session.post(form.dataset.preview, new URLSearchParams(sent), {}, mine.signal);
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      if (mine !== asked) return;
      pane.innerHTML = html; // sanitised by the server: the same that the page shows
      pane.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
      wait = Math.max(WAIT_MS, 2 * (performance.now() - began)); // a long text takes long: ask less often
      follow();
    } catch (error) {
      if (mine === asked && !(error instanceof SignedOut)) say("unseen");
    } finally {
      if (mine === asked) pane.removeAttribute("aria-busy");
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(show, field.value.length > LONG ? Math.max(wait, LONG_WAIT_MS) : wait);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  field.addEventListener("scroll", follow);
  pane.hidden = false;
  show();
  return show;
}
