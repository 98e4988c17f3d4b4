// Where writing begins: what covers the title already is shown while it is typed.

import { installCovering } from "./covering.js";

const form = document.getElementById("f:begin");
const token = form.elements.csrf_token.value;
document.getElementById("f:look").hidden = true;
installCovering(form, document.getElementById("f:covering"), (address, body) =>
  fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token } }),
);
