// Small comforts on top of pages that work without them.

const isTyping = (element) => element?.matches?.("input, textarea, select, [contenteditable]");

// "/" puts the cursor into the search box; arrows walk through results; Enter on a link is the browser's own.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.querySelector("#q");
  const links = [...document.querySelectorAll(".result .title a")];
  if (event.key === "/" && !isTyping(event.target) && box) {
    event.preventDefault();
    box.focus();
    box.select();
    return;
  }
  if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || links.length === 0) return;
  if (isTyping(event.target) && event.target !== box) return;
  const at = links.indexOf(document.activeElement);
  const next = event.key === "ArrowDown" ? at + 1 : at - 1;
  if (event.target !== box && at === -1) return;
  event.preventDefault();
  if (next < 0) box?.focus();
  else links[Math.min(next, links.length - 1)].focus();
});

// Every block of code gets a button that copies it. The clipboard is only there on https and on this machine.
const say = document.body.dataset;
const announce = document.createElement("span");
announce.className = "unseen";
announce.setAttribute("role", "status");
document.body.append(announce);
const addCopyButton = (block) => {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.lang = document.documentElement.lang;
  button.textContent = say.copy;
  button.addEventListener("click", async () => {
    const text = (block.querySelector("code") ?? block).textContent.replace(/\n$/, "");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = announce.textContent = say.copied;
    } catch {
      button.textContent = announce.textContent = say.refused;
    }
    setTimeout(() => {
      button.textContent = say.copy;
      announce.textContent = "";
    }, 2000);
  });
  const frame = document.createElement("div");
  frame.className = "code";
  block.before(frame);
  frame.append(button, block); // it floats: only the first line makes room for it
};
const dress = (part) => part.querySelectorAll(".prose pre").forEach(addCopyButton);
dress(document);
document.addEventListener("shown", (event) => dress(event.target)); // the preview of the editor

// A word on a result is sent without leaving the page, unless its ticket is still to be asked for.
document.addEventListener("submit", async (event) => {
  const form = event.target; // its buttons are named "action", so that `form.action` would be those
  const button = event.submitter;
  if (!form.matches("form.said") || !button?.name) return;
  if (form.dataset.asks && button.value === "resolved_by") return;
  event.preventDefault();
  const word = new FormData(form);
  word.set(button.name, button.value);
  for (const one of form.querySelectorAll("button")) one.disabled = true;
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: word }).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    form.replaceChildren(Object.assign(document.createElement("span"), { textContent: form.dataset.thanks }));
    announce.textContent = form.dataset.thanks;
    return;
  }
  for (const one of form.querySelectorAll("button")) one.disabled = false;
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
  form.submit();
});

// On a phone filters and contents start closed.
if (matchMedia("(max-width: 50rem)").matches) {
  for (const list of document.querySelectorAll(".filters details, .contents details")) list.removeAttribute("open");
}

// A page that the browser kept is asked for again once somebody has signed out, here or in another tab.
const SIGNED_OUT = "signed-out";
const shown = Date.now();
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => {
  localStorage.setItem(SIGNED_OUT, String(Date.now()));
  for (const name of Object.keys(localStorage)) if (name.startsWith("fixlore:draft:")) localStorage.removeItem(name);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted && Number(localStorage.getItem(SIGNED_OUT)) > shown) location.reload();
});
