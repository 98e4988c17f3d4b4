// While somebody types a title: the articles that cover it already.

const WAIT_MS = 600;

/** Show in `place` what covers the title that is typed into `form`. */
export function installCovering(form, place, post) {
  const field = form.elements.title;
  let timer = 0;
  let last = field.value.trim();
  const look = async () => {
    const title = field.value.trim();
    if (title === last) return;
    last = title;
    const sent = new URLSearchParams({ title, body: form.elements.body?.value.slice(0, 20000) ?? "", article: form.dataset.article ?? "" });
    const answer = title ? await post(form.dataset.covered, sent).catch(() => null) : null;
    if (last !== title) return; // typed on meanwhile
    const html = answer?.ok ? await answer.text() : "";
    if (last === title && place.innerHTML.trim() !== html.trim()) place.innerHTML = html;
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  });
}
