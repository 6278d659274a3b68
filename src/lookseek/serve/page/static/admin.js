// The owner's page: how the index is, items put and removed, all by the public API.
"use strict";
(() => {
  const { root } = document.currentScript.dataset;
  const by = (id) => document.getElementById(id);
  const say = (text) => (by("said").textContent = text);
  const cell = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

  const ask = async (path, options = {}) => {
    const response = await fetch(root + path, { credentials: "same-origin", ...options });
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(body.detail ?? by("said").dataset.failed);
    return body;
  };
  const show = (status) => {
    const texts = by("status").dataset;
    const values = { ...status, trouble: status.trouble || texts.healthy, sources: status.sources.join(", ") };
    for (const place of document.querySelectorAll("[data-value]")) place.textContent = values[place.dataset.value];
    by("skipped").replaceChildren(...status.skipped_rows.map((row) => {
      const line = document.createElement("tr");
      line.append(cell("td", row.where), cell("td", row.kind), cell("td", row.reason));
      return line;
    }));
    const searches = status.empty_searches.map(({ words, count }) => cell("li", `${words} · ${count}`));
    by("empty").replaceChildren(...(searches.length ? searches : [cell("li", status.searches_kept ? texts.kept : texts.off)]));
  };
  const attempt = async (work) => {
    say("");
    try {
      const done = await work();
      show(await ask("v1/status"));
      const { done: worked, failed } = by("said").dataset;
      say([done?.what === "failed" ? failed : worked, done?.id, done?.reason].filter(Boolean).join(" · "));
    } catch (error) {
      say(error.message);
    }
  };
  const base64 = (file) => new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });
  const value = (text) => {
    if (["true", "false"].includes(text)) return text === "true";
    return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : text; // 007 is a code
  };
  by("put").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    attempt(async () => {
      const lines = form.elements.attributes.value.split("\n").filter((line) => line.includes("="));
      const pairs = lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), value(line.slice(line.indexOf("=") + 1).trim())]);
      const body = { attributes: Object.fromEntries(pairs) };
      if (form.elements.photo.files[0]) body.image = await base64(form.elements.photo.files[0]);
      const headers = { "Content-Type": "application/json" };
      const done = await ask(`v1/items/${encodeURIComponent(form.elements.id.value)}`, { method: "PUT", headers, body: JSON.stringify(body) });
      if (done.what !== "failed") form.reset();
      return done;
    });
  });
  by("remove").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    attempt(async () => {
      const done = await ask(`v1/items/${encodeURIComponent(form.elements.id.value)}`, { method: "DELETE" });
      form.reset();
      return done;
    });
  });
  by("reload").addEventListener("click", () => attempt(() => ask("v1/reload", { method: "POST" }).then(() => ({}))));
  ask("v1/status").then(show, (error) => say(error.message));
})();
