// Small comforts on top of pages that work without them.

const typing = (element) => element?.matches?.("input, textarea, select, [contenteditable]");

// "/" puts the cursor into the search box; arrows walk through results; Enter on a link is the browser's own.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.querySelector("#q");
  const links = [...document.querySelectorAll(".result h2 a")];
  if (event.key === "/" && !typing(event.target) && box) {
    event.preventDefault();
    box.focus();
    box.select();
    return;
  }
  if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || links.length === 0) return;
  if (typing(event.target) && event.target !== box) return;
  const at = links.indexOf(document.activeElement);
  const next = event.key === "ArrowDown" ? at + 1 : at - 1;
  if (event.target !== box && at === -1) return;
  event.preventDefault();
  if (next < 0) box?.focus();
  else links[Math.min(next, links.length - 1)].focus();
});

// Every block of code gets a button that copies it.
for (const block of document.querySelectorAll(".prose pre")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code")?.innerText ?? block.innerText);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.parentElement.classList.add("has-copy");
  block.before(button);
}

// On a phone the filters start closed.
if (matchMedia("(max-width: 50rem)").matches) document.querySelector(".filters details")?.removeAttribute("open");
