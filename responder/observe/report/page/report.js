"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const named = (id) => document.getElementById(id);
  const rows = all("#matrix tbody tr");
  const panelOf = (row) => named(row.querySelector("th a").hash.slice(1));

  // what a search looks at, but for the rules that were kept: they would be found everywhere
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) {
      const parts = [row.cells[0], ...panelOf(row).children].filter((part) => !part.matches(".kept"));
      texts.set(row, parts.map((part) => part.textContent).join("\n").toLowerCase());
    }
    return texts.get(row);
  };

  const filter = () => {
    const words = named("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const failing = named("failing").checked;
    const level = named("level").value;
    let shown = 0;
    for (const row of rows) {
      row.hidden =
        (failing && row.matches(".pass, .known")) ||
        (level && !row.dataset.levels.split(" ").includes(level)) ||
        !words.every((word) => textOf(row).includes(word));
      shown += !row.hidden;
    }
    for (const rule of all(".rule")) rule.hidden = level && rule.dataset.level !== level;
    named("shown").value = `${shown} of ${rows.length} shown`;
  };
  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  };

  // one stop of the Tab key for the matrix; the arrow keys go from link to link
  const links = all("#matrix tbody a");
  let current = links[0];
  const stopAt = (link) => {
    current.tabIndex = -1;
    link.tabIndex = 0;
    current = link;
  };
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const move = (event) => {
    const step = steps[event.key];
    const from = event.target.closest("td, th");
    if (!step || !from || event.ctrlKey || event.altKey || event.metaKey) return;
    const visible = rows.filter((row) => !row.hidden);
    let row = visible.indexOf(from.parentNode) + step[0];
    let column = from.cellIndex + step[1];
    for (let cell; (cell = visible[row]?.cells[column]); row += step[0], column += step[1]) {
      const link = cell.querySelector("a");
      if (link) {
        event.preventDefault();
        link.focus();
        return;
      }
    }
  };

  // where the address leads: its details are opened, its cell is marked
  const arrive = () => {
    const target = location.hash.length > 1 && named(location.hash.slice(1));
    for (const link of all("#matrix [aria-current]")) link.removeAttribute("aria-current");
    const panel = target && target.closest(".case");
    if (!panel) return;
    for (let part = target; part !== panel; part = part.parentNode) if (part.matches("details")) part.open = true;
    const link = links.find((one) => one.hash === location.hash) || links.find((one) => one.hash === `#${panel.id}`);
    link.scrollIntoView({ block: "nearest" });
    target.scrollIntoView({ block: target === panel ? "nearest" : "start" });
    link.setAttribute("aria-current", "true");
    stopAt(link);
    if (target === panel) panel.querySelector("h2").focus({ preventScroll: true });
  };

  if (!rows.length) return;
  named("filters").hidden = false;
  named("filters").addEventListener("submit", (event) => event.preventDefault());
  named("filters").addEventListener("input", soon);
  for (const link of links.slice(1)) link.tabIndex = -1;
  const table = document.querySelector("#matrix table");
  table.addEventListener("keydown", move);
  table.addEventListener("focusin", (event) => event.target.matches("a") && stopAt(event.target));
  for (const button of all("h3 button")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const messages = all(".ladder details", button.closest(".case"));
      const open = !messages.every((one) => one.open);
      for (const one of messages) one.open = open;
      button.textContent = open ? "Close all" : "Open all";
    });
  }
  // a line of a message that is too long goes on further in; the names of header fields step back
  const lay = (pre) => {
    let head = 0;
    const lines = pre.textContent.split("\n").map((text) => {
      const line = document.createElement("span");
      const name = head > 0 && /^[^\s:]+[ ]*:/.exec(text);
      if (name) line.append(Object.assign(document.createElement("i"), { textContent: name[0] }));
      line.append(name ? text.slice(name[0].length) : text);
      head = text && head >= 0 ? 1 : -1;
      return line;
    });
    pre.replaceChildren(...lines);
  };
  const opened = (event) => all(".message pre", event.target).forEach((pre) => pre.firstElementChild || lay(pre));
  document.addEventListener("toggle", opened, true);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && location.hash && event.target.matches(":not(input, select)")) {
      location.hash = "matrix";
      current.focus();
    }
  });
  addEventListener("hashchange", arrive);
  filter();
  arrive();
})();
