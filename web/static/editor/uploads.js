// Files by drag, paste and button: stored one after the other, each named in the text where the cursor is.

import { SignedOut } from "./session.js";
import { type } from "./toolbar.js";

/** Send one file and return what the server tells of it; `progress` is called with a share of 1. */
function sent(address, file, token, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name || "image.png");
    request.open("POST", address);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new TypeError("no connection")));
    request.send(body);
  });
}

/** Let files be dropped on, pasted into and chosen for a text field; `told` is a live region. */
export function installUploads(form, field, chooser, button, told, session) {
  const words = told.dataset;
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  const store = async (file, isFollowing) => {
    const name = file.name || "image.png";
    const progress = (share) => (told.textContent = filled(words.sending, { name, share: `${Math.round(100 * share)} %` }));
    progress(0);
    try {
      let request = await sent(form.dataset.attachments, file, session.token, progress);
      if ([400, 401, 403].includes(request.status)) {
        await session.renew();
        request = await sent(form.dataset.attachments, file, session.token, progress);
      }
      const answer = request.response ?? {};
      if (request.status >= 300 || !answer.markdown) {
        const reason = answer.error ?? answer.detail ?? words.impossible;
        told.textContent = filled(words.refused, { name, reason });
        return;
      }
      const at = field.selectionEnd;
      const isApart = !isFollowing || /(^|\s)$/.test(field.value.slice(0, at));
      const text = isApart ? answer.markdown : `\n${answer.markdown}`;
      type(field, { from: at, to: at, text, start: at + text.length, end: at + text.length });
      told.textContent = filled(words.stored, { name });
    } catch (error) {
      const reason = error instanceof SignedOut ? words.signedout : words.offline;
      told.textContent = filled(words.refused, { name, reason });
    }
  };
  const storeAll = async (files) => {
    for (const [number, file] of [...files].entries()) await store(file, number > 0);
  };

  field.addEventListener("paste", (event) => {
    // Office programs paste a picture of the text beside the text: then the text is meant.
    if (!event.clipboardData.files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    storeAll([...event.clipboardData.files]);
  });
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  field.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    field.classList.add("dropping");
  });
  for (const end of ["dragleave", "drop"]) field.addEventListener(end, () => field.classList.remove("dropping"));
  field.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    storeAll([...event.dataTransfer.files]);
  });
  button.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", async () => {
    await storeAll([...chooser.files]);
    chooser.value = "";
  });
}
