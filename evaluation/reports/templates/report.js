"use strict";
(() => {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // Cases: a line over two pictures, moved by pointer and keys.
  each(".case", (figure) => {
    const stage = figure.querySelector(".stage");
    const line = figure.querySelector("[role=slider]");
    const right = figure.querySelector(".right").dataset.kind;
    let cut = 50;

    const show = (value) => {
      cut = Math.min(100, Math.max(0, value));
      const whole = Math.round(cut);
      stage.style.setProperty("--cut", cut + "%");
      line.setAttribute("aria-valuenow", String(whole));
      line.setAttribute(
        "aria-valuetext",
        figure.dataset.left + " left of " + whole + " %, " + right + " right of it"
      );
    };
    const follow = (event) => {
      const box = stage.getBoundingClientRect();
      show(((event.clientX - box.left) / box.width) * 100);
    };

    let held = null;
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      held = event.pointerId;
      stage.setPointerCapture(held);
      line.focus({ preventScroll: true, focusVisible: false });
      event.preventDefault();
      follow(event);
    });
    stage.addEventListener("pointermove", (event) => {
      if (event.pointerId === held) follow(event);
    });
    const release = (event) => {
      if (event.pointerId === held) held = null;
    };
    stage.addEventListener("pointerup", release);
    stage.addEventListener("pointercancel", release);

    line.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const step = event.shiftKey ? 10 : 2;
      const moves = {
        ArrowLeft: cut - step, ArrowDown: cut - step, ArrowRight: cut + step,
        ArrowUp: cut + step, PageDown: cut - 10, PageUp: cut + 10, Home: 0, End: 100,
      };
      if (!Object.hasOwn(moves, event.key)) return;
      event.preventDefault();
      show(moves[event.key]);
    });
    figure.addEventListener("change", (event) => {
      figure.dataset.left = event.target.value;
      show(cut);
    });
    // a browser that restores a form brings back its own choice
    figure.dataset.left = figure.querySelector("input:checked").value;
    show(cut);
  });

  // The table: columns are arrays; one page of rows is in the document at a time.
  const data = JSON.parse(document.getElementById("data").textContent);
  const columns = data.columns;
  const total = columns[0].values.length;
  const withCase = new Set(data.cases);
  const table = document.getElementById("rows");
  const heads = [...table.tHead.rows[0].cells];
  const filter = document.getElementById("filter");
  const group = document.getElementById("group");
  const names = columns[0].values.map((name) => name.toLocaleLowerCase());
  const thousands = new Intl.NumberFormat("en");
  let order = [...names.keys()];
  let sorted = null;
  let page = 0;

  // JSON has no infinity: it comes as text.
  const number = (value) => (typeof value === "string" ? (value === "inf" ? Infinity : -Infinity) : value);
  columns.forEach((column) => {
    if (column.kind === "number") column.sorts = column.values.map(number);
    else if (column.kind === "size") column.sorts = column.values.map(([wide, tall]) => wide * tall);
  });
  const text = (column, row) => {
    const value = column.values[row];
    if (column.kind === "size") return value[0] + " × " + value[1];
    if (column.kind !== "number") return value;
    if (value === null) return "—";
    const score = column.sorts[row];
    const shown = Math.abs(score) === Infinity ? "∞" : Math.abs(score).toFixed(column.decimals);
    return (score < 0 ? "−" : "") + shown;
  };

  const collator = new Intl.Collator("en", { numeric: true });
  const ranks = (column) => {
    // names are put in order once; then every sort compares numbers
    if (!column.sorts) {
      const alphabetic = [...column.values.keys()].sort((a, b) => collator.compare(column.values[a], column.values[b]));
      column.sorts = [];
      alphabetic.forEach((row, place) => {
        const before = alphabetic[place - 1];
        const same = place > 0 && column.values[before] === column.values[row];
        column.sorts[row] = same ? column.sorts[before] : place;
      });
    }
    return column.sorts;
  };
  const compare = (values, sign) => (a, b) => {
    const [first, second] = [values[a], values[b]];
    if (first === second) return a - b;
    if (first === null) return 1; // what has no score comes last, whichever way
    if (second === null) return -1;
    return first < second ? -sign : sign;
  };

  const render = () => {
    const sought = filter.value.trim().toLocaleLowerCase();
    const part = group ? group.value : "";
    const kept = order.filter(
      (row) => (!sought || names[row].includes(sought)) && (!part || data.groups[row].includes(part))
    );
    const pages = Math.max(1, Math.ceil(kept.length / data.page));
    page = Math.min(page, pages - 1);
    const first = page * data.page;
    const lines = kept.slice(first, first + data.page).map((row) => {
      const line = document.createElement("tr");
      columns.forEach((column, place) => {
        const cell = document.createElement(place ? "td" : "th");
        if (place) cell.className = column.look;
        else cell.scope = "row";
        if (!place && withCase.has(row)) {
          const link = document.createElement("a");
          link.href = "#case-" + row;
          link.textContent = text(column, row);
          cell.append(link);
        } else cell.textContent = text(column, row);
        line.append(cell);
      });
      return line;
    });
    table.tBodies[0].replaceChildren(...lines);
    const all = thousands.format(total) + (total === 1 ? " picture" : " pictures");
    document.getElementById("count").textContent =
      kept.length === total ? all : thousands.format(kept.length) + " of " + all;
    document.querySelector(".pager").hidden = pages === 1;
    document.getElementById("page").textContent =
      thousands.format(first + 1) + " – " + thousands.format(first + lines.length) + " of " + thousands.format(kept.length);
    document.getElementById("before").disabled = page === 0;
    document.getElementById("after").disabled = page === pages - 1;
  };

  heads.forEach((head, place) => {
    head.querySelector("button").addEventListener("click", () => {
      const up = !(sorted === place && head.getAttribute("aria-sort") === "ascending");
      sorted = place;
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      order.sort(compare(ranks(columns[place]), up ? 1 : -1));
      page = 0;
      render();
    });
  });
  const again = () => {
    page = 0;
    render();
  };
  filter.addEventListener("input", again);
  if (group) group.addEventListener("change", again);
  const turn = (step) => () => {
    page += step;
    render();
    table.parentElement.scrollTop = 0;
  };
  document.getElementById("before").addEventListener("click", turn(-1));
  document.getElementById("after").addEventListener("click", turn(1));
  document.querySelector(".controls").hidden = false;
  render();
})();
