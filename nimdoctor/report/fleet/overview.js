"use strict";
/* The list of hosts: rows are made when they are shown, and what is in a row when it is opened. Texts of hosts become
   text nodes and nothing else. The page's fragment says what is chosen, so that going back goes back. */
(() => {
  const { selections, rows, texts } = JSON.parse(document.getElementById("data").textContent);
  const [NAME, ID, MARKS, HEAD, BODY, SHOWN] = [0, 1, 2, 3, 4, 5];
  const AT_ONCE = 100;
  const list = document.getElementById("list");
  const said = document.getElementById("said");
  const more = document.getElementById("more");
  const search = document.getElementById("search");
  const severities = new Set(["critical", "high", "medium", "low", "info"]);
  const verdicts = new Set(["problems", "inconclusive", "healthy"]);
  const byId = new Map(rows.map((row) => [row[ID], row]));
  const searched = [];
  let choice = null;
  let found = [];
  let shown = 0;

  const element = (name, kind, ...content) => {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    made.append(...content);
    return made;
  };
  const coloured = (word) => element("span", severities.has(word) ? word : "", word);
  const item = (start, check, message, ...rest) =>
    element("li", "", ...start, ": ", element("code", "whole", check), ": ", message, ...rest);

  const finding = (numbers) => {
    const [severity, confidence, check, message, objects, seen, fix] = numbers.map((one) => texts[one]);
    const rest = [];
    if (seen) rest.push(", " + seen);
    if (objects) rest.push(" ", element("span", "soft", "(" + objects + ")"));
    if (fix) rest.push(". Fix: ", element("code", "whole", fix));
    return item([coloured(severity), ", " + confidence], check, message, ...rest);
  };

  const fill = (row, place) => {
    const [findings, undecided, sentences, master, command] = row[BODY];
    const own = [...findings, ...row[SHOWN]];
    if (own.length) place.append(element("ul", "", ...own.map(finding)));
    if (master.length) {
      const [name, checks, ...ids] = master.map((one) => texts[one]);
      const link = element("a", "", element("bdi", "", name));
      link.href = "#" + (ids.find((one) => byId.has(one)) || "hosts");
      place.append(element("p", "", "At its master ", link, ": " + checks + "."));
    }
    if (undecided.length) {
      const items = undecided.map((one) => one.map((number) => texts[number]));
      place.append(element("p", "", "Undecided:"));
      place.append(element("ul", "", ...items.map(([severity, check, message]) => item([coloured(severity)], check, message))));
    }
    place.append(...sentences.map((one) => element("p", "", texts[one])));
    if (command) place.append(element("pre", "command", texts[command]));
  };

  const made = (row) => {
    const [master, verdict, severity, checks, facts] = row[HEAD].map((one) => texts[one]);
    const summary = element("summary", "", element("bdi", "name", row[NAME]), " ");
    if (severity) summary.append(element("span", severities.has(severity) ? "badge " + severity : "", severity), " " + checks);
    else summary.append(element("span", verdicts.has(verdict) ? verdict : "", verdict));
    summary.append(" ", element("span", "soft facts", [master, facts].filter(Boolean).join(", ")));
    if (row[SHOWN].length && row[ID].startsWith("host-")) summary.append(", its clients show: " + row[SHOWN].map((one) => texts[one[2]]).join(", "));
    const body = element("div", "body");
    const details = element("details", "host", summary, body);
    details.id = row[ID];
    details.addEventListener("toggle", () => { if (details.open && !body.firstChild) fill(row, body); });
    return details;
  };

  const show = () => {
    const next = found.slice(shown, shown + AT_ONCE);
    list.append(...next.map(made));
    shown += next.length;
    more.hidden = shown >= found.length;
    more.textContent = "Show " + Math.min(AT_ONCE, found.length - shown) + " more of " + (found.length - shown).toLocaleString("en");
    return next.length;
  };

  const words = (number) => {
    if (!searched[number]) {
      const row = rows[number];
      searched[number] = [row[NAME], ...row[HEAD].map((one) => texts[one])].join(" ").toLowerCase();
    }
    return searched[number];
  };

  const chosen = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { /* no id of this page */ }
    if (Object.hasOwn(selections, id)) return { what: selections[id][0], has: (row) => selections[id][1].every((one) => row[MARKS].includes(one)) };
    const one = byId.get(id);
    return one ? { what: one[NAME], has: (row) => row === one, alone: true } : null;
  };

  const counted = () => {
    const without = found.filter((row) => !row[ID].startsWith("host-")).length;
    const hosts = found.length - without;
    const parts = hosts || !without ? [hosts.toLocaleString("en") + (hosts === 1 ? " host" : " hosts")] : [];
    if (without) parts.push(without.toLocaleString("en") + (without === 1 ? " master without a bundle of its own" : " masters without bundles of their own"));
    return parts.join(" and ");
  };

  const choose = (moved) => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter((row, number) => (!choice || choice.has(row)) && wanted.every((one) => words(number).includes(one)));
    list.replaceChildren();
    shown = 0;
    show();
    const alone = choice && choice.alone;
    said.replaceChildren("Shown: ");
    if (!alone) said.append(counted());
    if (choice) {
      const all = element("a", "", "Show all");
      all.href = "#hosts";
      said.append(alone ? "" : " ", element("bdi", "", choice.what), wanted.length ? ", with the words below. " : ". ", all);
    } else said.append(wanted.length ? " with the words below." : ".");
    document.body.classList.toggle("chosen", Boolean(choice || wanted.length));
    if (alone && list.firstChild) list.firstChild.open = true;
    if (choice && moved) {
      document.getElementById("hosts").scrollIntoView();
      said.focus({ preventScroll: true });
    }
  };

  more.addEventListener("click", () => {
    const last = list.lastElementChild;
    if (show() && last.nextElementSibling) last.nextElementSibling.firstElementChild.focus();
  });
  search.addEventListener("input", () => choose(false));
  const follow = () => {
    if (!chosen() && location.hash !== "#hosts") return;
    choice = chosen();
    search.value = "";
    choose(true);
  };
  addEventListener("hashchange", follow);
  // the same number once more: the page's address stays as it is
  addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link && link.hash && link.hash === location.hash) follow();
  });
  document.getElementById("finder").hidden = false;
  choice = chosen();
  choose(true);
})();
