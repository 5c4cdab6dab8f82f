// SPDX-License-Identifier: Apache-2.0

// What pages do beyond HTML. Everything works without this file: it copies,
// counts, closes menus, and keeps one from losing what one wrote.
(() => {
  "use strict";

  // A button that copies the text of a code block.
  const addCopy = (root) => {
    for (const block of root.querySelectorAll("[data-copy]:not([data-ready])")) {
      block.dataset.ready = "";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small copy";
      button.textContent = block.dataset.copy;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.querySelector("code").textContent);
        button.textContent = block.dataset.copied;
        setTimeout(() => { button.textContent = block.dataset.copy; }, 2000);
      });
      block.append(button);
    }
  };

  // How much of a limited text is used. Announced only where it is too long.
  const addCounters = (root) => {
    for (const input of root.querySelectorAll("[data-limit]:not([data-ready])")) {
      input.dataset.ready = "";
      const limit = Number(input.dataset.limit);
      const counter = document.createElement("p");
      counter.className = "counter";
      const count = () => {
        const used = [...input.value].length;
        counter.hidden = used < limit * 0.8;
        counter.textContent = `${used} / ${limit}`;
        counter.classList.toggle("over", used > limit);
      };
      input.addEventListener("input", count);
      input.after(counter);
      count();
    }
  };

  // A table that is wider than its frame can be reached and scrolled by keyboard;
  // one that fits is no stop on the way.
  const fit = (frame) => {
    const scrolls = frame.scrollWidth > frame.clientWidth;
    if (!scrolls) { for (const name of ["tabindex", "role", "aria-label"]) frame.removeAttribute(name); return; }
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", frame.querySelector("caption").textContent);
  };
  const sizes = new ResizeObserver((all) => { for (const { target } of all) fit(target); });
  const addScrolling = (root) => {
    for (const frame of root.querySelectorAll(".table-frame:not([role], [data-ready])")) {
      frame.dataset.ready = "";
      fit(frame);
      sizes.observe(frame);
    }
  };

  const enhance = (root) => { addCopy(root); addCounters(root); addScrolling(root); };
  enhance(document);
  document.addEventListener("htmx:after:swap", () => enhance(document));
  document.querySelector("[data-focus]")?.focus();

  // One submission per click; the server would answer a second one alike.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sending) { event.preventDefault(); return; }
    form.dataset.sending = "1";
    event.submitter?.setAttribute("aria-busy", "true");
    clearTimeout(dirty.get(form));
    dirty.delete(form);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) {
      delete form.dataset.sending;
      form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    }
  });

  // Selects of a filter apply at once; without this file there is the button.
  document.addEventListener("change", (event) => {
    if (event.target.closest("form[data-autosubmit]")) event.target.form.requestSubmit();
  });

  // Long forms are kept on the server while they are written.
  const dirty = new Map();
  const keep = async (form) => {
    const body = new FormData(form);
    body.set("_action", new URL(form.action).pathname);
    for (const [name, value] of [...body]) if (typeof value !== "string") body.delete(name);
    const answer = await fetch("/drafts", { method: "POST", body: new URLSearchParams(body) });
    if (answer.ok) dirty.delete(form);
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-draft]");
    if (!form) return;
    clearTimeout(dirty.get(form));
    dirty.set(form, setTimeout(() => keep(form).catch(() => {}), 2000));
  });
  window.addEventListener("beforeunload", (event) => { if (dirty.size) event.preventDefault(); });

  // Where a page says so (data-keys), one key presses the button or link that names it
  // (data-key), unless somebody types or has switched that off. A button that needs a
  // field (data-needs) goes there first.
  const keysOff = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
  const addKeys = () => {
    const keys = document.querySelector("[data-keys-switch]");
    if (!keys) return;
    const box = keys.querySelector("input");
    keys.hidden = false;
    box.checked = !keysOff();
    box.addEventListener("change", () => { try { localStorage.setItem("keys", box.checked ? "on" : "off"); } catch { /* for this page alone */ } });
  };
  addKeys();
  const press = (key) => {
    const act = document.querySelector(`[data-keys] [data-key="${CSS.escape(key)}"]`);
    if (!act || keysOff()) return false;
    const field = act.dataset.needs && act.form.elements[act.dataset.needs];
    if (!field || field.value.trim()) act.click();
    else document.addEventListener("keyup", () => field.focus(), { once: true }); // or the key itself would be typed into the field
    return true;
  };

  // "/" goes to the search box; Escape and a click elsewhere close menus.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.querySelector("details.menu[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
    }
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const box = document.querySelector("[data-hotkey='/']");
      if (box) { event.preventDefault(); box.focus(); }
    } else if (event.key.length === 1 && !typing && !event.repeat && !event.ctrlKey && !event.metaKey && !event.altKey && press(event.key)) {
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
})();
