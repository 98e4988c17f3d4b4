// Requests of a page that stays open for hours: the session may have ended meanwhile, and begun again in another tab.

/** Raised when somebody has to sign in before a request can be answered; `other` is who is signed in instead. */
export class SignedOut extends Error {
  constructor(other = "") {
    super("signed out");
    this.other = other;
  }
}

export class Session {
  constructor(form) {
    this.form = form;
    this.person = form.dataset.person;
  }

  get token() {
    return this.form.elements.csrf_token.value;
  }

  /** Ask who is signed in and take the token of the session there is now. Raises SignedOut. */
  async renew() {
    const answer = await fetch(this.form.dataset.session, { cache: "no-store" });
    if (!answer.ok) throw new SignedOut();
    const told = await answer.json();
    if (told.person !== this.person) throw new SignedOut(told.person);
    for (const one of document.querySelectorAll("input[name=csrf_token]")) one.value = told.csrf_token;
  }

  /** Send a POST; when the session has changed, once more with its token. Raises SignedOut, TypeError without a server. */
  async post(address, body, headers = {}, signal = undefined) {
    const send = () =>
      fetch(address, { method: "POST", body, signal, headers: { ...headers, "X-CSRFToken": this.token } });
    const answer = await send();
    if (![400, 401, 403].includes(answer.status)) return answer;
    await this.renew();
    return send();
  }
}
