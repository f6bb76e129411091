'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const view = document.getElementById('view');
  const svg = view.querySelector('svg');
  const explain = document.getElementById('explain');
  const fromBox = document.getElementById('from');
  const toBox = document.getElementById('to');
  const nodes = data.nodes;
  const n = nodes.length;
  const shapes = new Array(n);
  svg.querySelectorAll('.node').forEach(g => { shapes[+g.dataset.i] = g; });
  const lines = [...svg.querySelectorAll('.edge')].map(g => ({ g, f: +g.dataset.f, t: +g.dataset.t, reverse: isReverse(g) }));
  const hidden = new Set();
  let from = -1;
  let to = -1;

  function isReverse(g) {
    return g.classList.contains('s-budgeted') || g.classList.contains('s-leak');
  }

  // Information takes declared flows and reverse edges that nothing bounds; budgeted ones are shown, not followed.
  const open = data.edges.filter(e => e.s !== 'refused' && e.s !== 'budgeted');
  const out = Array.from({ length: n }, () => []);
  const into = Array.from({ length: n }, () => []);
  open.forEach(e => { out[e.f].push(e); into[e.t].push(e); });

  function el(tag, css, text) {
    const made = document.createElement(tag);
    if (css) made.className = css;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function add(parent, ...children) {
    children.forEach(c => parent.append(c));
    return parent;
  }

  function reach(start, lists, next) {
    const seen = new Set([start]);
    const queue = [start];
    for (let i = 0; i < queue.length; i++) {
      for (const e of lists[queue[i]]) {
        const other = e[next];
        if (!seen.has(other)) { seen.add(other); queue.push(other); }
      }
    }
    seen.delete(start);
    return seen;
  }

  function path(a, b) {
    const via = new Map([[a, null]]);
    const queue = [a];
    for (let i = 0; i < queue.length && !via.has(b); i++) {
      for (const e of out[queue[i]]) {
        if (!via.has(e.t)) { via.set(e.t, e); queue.push(e.t); }
      }
    }
    if (a === b || !via.has(b)) return null;
    const edges = [];
    for (let e = via.get(b); e; e = via.get(e.f)) edges.unshift(e);
    return edges;
  }

  // ---- what is lit ----

  function clear() {
    view.classList.remove('focus');
    shapes.forEach(g => g.classList.remove('on', 'down', 'up', 'self'));
    lines.forEach(l => l.g.classList.remove('on'));
  }

  function lightNode(i) {
    clear();
    const down = reach(i, out, 't');
    const up = reach(i, into, 'f');
    view.classList.add('focus');
    shapes[i].classList.add('on', 'self');
    down.forEach(j => shapes[j].classList.add('on', 'down'));
    up.forEach(j => shapes[j].classList.add('on', 'up'));
    lines.forEach(l => {
      const away = (l.f === i || down.has(l.f)) && down.has(l.t) && !l.reverse;
      const here = up.has(l.f) && (l.t === i || up.has(l.t)) && !l.reverse;
      if (away || here || (l.reverse && (l.f === i || l.t === i))) l.g.classList.add('on');
    });
  }

  function lightPair(a, b) {
    clear();
    view.classList.add('focus');
    const way = path(a, b) || [];
    shapes[a].classList.add('on', 'self');
    shapes[b].classList.add('on', 'self');
    way.forEach(e => {
      shapes[e.f].classList.add('on');
      shapes[e.t].classList.add('on');
      lines.filter(l => l.f === e.f && l.t === e.t && !l.reverse).forEach(l => l.g.classList.add('on'));
    });
    lines.filter(l => l.f === a && l.t === b).forEach(l => l.g.classList.add('on'));
  }

  // ---- what is said ----

  function flowLine(e) {
    const words = nodes[e.f].name + ' → ' + nodes[e.t].name + ' · ' + e.n + ' (' + data.kinds[e.k] + ')';
    const more = { mediated: ', by the guard', refused: ', refused', budgeted: ', back, at most ' + e.b + ' bit/s', leak: ', back, no budget' };
    return words + (more[e.s] || '');
  }

  function sayNode(i) {
    const node = nodes[i];
    const kind = node.guard !== undefined ? 'guard' : node.host ? 'host endpoint' : 'domain';
    explain.replaceChildren(el('h2', '', kind), el('h3', '', node.name));
    add(explain, add(el('p', 'meta'), node.label + (node.type ? ' · type ' + node.type : ''), el('code', '', node.at)));
    if (node.text) add(explain, el('p', '', node.text));
    if (node.guard !== undefined) add(explain, el('p', 'path', 'Promises: ' + node.guard));
    const down = reach(i, out, 't').size;
    const up = reach(i, into, 'f').size;
    add(explain, el('p', 'meta', 'Reaches ' + down + ', reached by ' + up + ' of ' + (n - 1) + ' others, over any number of flows.'));
    const list = el('ul', 'flows');
    data.edges.filter(e => (e.f === i || e.t === i) && e.s !== 'legal').forEach(e => add(list, el('li', '', flowLine(e))));
    add(explain, list);
  }

  const OUTCOMES = [['pass', '✓', 'passes'], ['refuse', '✗', 'refuses'], ['idle', '–', 'does not restrict'], ['idle', '–', 'not concerned']];

  function gates(answer) {
    const list = el('ul', 'gates');
    data.gates.forEach((gate, g) => {
      const [css, mark, spoken] = OUTCOMES[answer[3 + 3 * g]];
      const item = el('li', css);
      const sign = el('span', 'mark', mark);
      sign.setAttribute('role', 'img');
      sign.setAttribute('aria-label', spoken);
      add(item, sign, el('b', '', gate), el('span', '', data.strings[answer[4 + 3 * g]]));
      if (css !== 'idle') add(item, el('code', '', data.strings[answer[5 + 3 * g]]));
      add(list, item);
    });
    return list;
  }

  function refusedBy(answer) {
    const g = data.gates.findIndex((_, i) => answer[3 + 3 * i] === 1);
    return g < 0 ? '' : data.gates[g];
  }

  function sayPair(a, b) {
    explain.replaceChildren(el('h2', '', 'from · to'), el('h3', '', nodes[a].name + ' → ' + nodes[b].name));
    const answers = data.why ? data.why[a * n + b] : [];
    const direct = data.edges.filter(e => e.f === a && e.t === b && e.s !== 'legal');
    const granted = data.why ? answers.some(x => x[1]) : direct.some(e => e.s === 'granted' || e.s === 'mediated');
    const way = path(a, b);
    const chip = granted ? el('span', 'chip good', 'granted')
      : el('span', 'chip bad', answers.length ? 'refused by gate ' + refusedBy(answers[0]) : 'no flow');
    add(explain, chip);
    if (!granted && way) {
      add(explain, ' ', el('span', 'chip warn', 'but information gets there'));
    }
    if (way && !(granted && way.length === 1)) {
      add(explain, el('p', 'path', [nodes[a].name, ...way.map(e => '–[' + e.n + ']→ ' + nodes[e.t].name)].join(' ')));
    } else if (!way) {
      add(explain, el('p', 'path', 'No way leads there, over any number of flows.'));
    }
    answers.forEach(answer => {
      const box = el('div', 'answer');
      const what = answer[2] < 0 ? 'No such flow is declared' : 'Flow ' + data.strings[answer[2]];
      add(box, el('b', '', what + (answer[0] < 0 ? '' : ' · ' + data.kinds[answer[0]])), gates(answer));
      add(explain, box);
    });
    if (!data.why) {
      const list = el('ul', 'flows');
      direct.forEach(e => add(list, el('li', '', flowLine(e))));
      add(explain, list, el('p', 'hint', 'cloister policy why FILE ' + nodes[a].name + ' ' + nodes[b].name + ' prints every gate’s verdict.'));
    }
  }

  function sayNothing() {
    explain.replaceChildren(el('h2', '', 'Explanation'));
    const lead = el('p', 'hint');
    add(lead, 'Point at a domain to see what it reaches and what reaches it. Choose two, or point at a cell of the matrix, to see why information may or may not pass.');
    const keys = el('p', 'hint');
    add(keys, el('kbd', '', 'Tab'), ' moves, ', el('kbd', '', 'Enter'), ' chooses FROM, then TO, ', el('kbd', '', 'Esc'), ' lets go.');
    add(explain, lead, keys);
  }

  function showPair(a, b) { lightPair(a, b); sayPair(a, b); hot(a, b); }

  function showNode(i) { lightNode(i); sayNode(i); hot(-1, -1); }

  function rest() {
    fromBox.value = from;
    toBox.value = to;
    hot(-1, -1);
    if (from >= 0 && to >= 0 && from !== to) showPair(from, to);
    else if (from >= 0) showNode(from);
    else { clear(); sayNothing(); }
  }

  function point(i) {
    if (from >= 0 && from !== i) showPair(from, i); else showNode(i);
  }

  function choose(i) {
    if (from < 0 || to >= 0) { from = i; to = -1; } else if (from === i) { from = -1; } else { to = i; }
    rest();
  }

  shapes.forEach((g, i) => {
    g.addEventListener('pointerenter', () => point(i));
    g.addEventListener('pointerleave', rest);
    g.addEventListener('focus', () => point(i));
    g.addEventListener('blur', rest);
    g.addEventListener('click', () => { if (!moved) choose(i); });
    g.addEventListener('keydown', e => {
      if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); choose(i); point(i); }
    });
  });
  lines.forEach(l => {
    l.g.addEventListener('pointerenter', () => showPair(l.f, l.t));
    l.g.addEventListener('pointerleave', rest);
  });
  document.addEventListener('keydown', e => {
    if (e.key === 'Escape') { from = -1; to = -1; rest(); }
  });

  // ---- choosing from lists ----

  [fromBox, toBox].forEach(box => {
    const none = el('option', '', 'choose …');
    none.value = -1;
    add(box, none);
    nodes.forEach((node, i) => {
      const option = el('option', '', node.name);
      option.value = i;
      add(box, option);
    });
    box.addEventListener('change', () => { from = +fromBox.value; to = +toBox.value; rest(); });
  });

  const search = document.getElementById('search');
  search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase();
    shapes.forEach((g, i) => {
      const text = [nodes[i].name, nodes[i].label, nodes[i].text || '', ...data.edges.filter(e => e.f === i || e.t === i).map(e => e.n)];
      g.classList.toggle('found', wanted !== '' && text.some(t => t.toLowerCase().includes(wanted)));
    });
  });
  search.addEventListener('keydown', e => {
    const first = shapes.find(g => g.classList.contains('found'));
    if (e.key === 'Enter' && first) first.focus();
  });

  // ---- legend ----

  const legend = document.getElementById('legend');
  data.kinds.forEach((kind, k) => {
    if (!data.edges.some(e => e.k === k)) return;
    const button = el('button', 'kind');
    button.type = 'button';
    button.title = 'Show or hide flows of this kind';
    button.setAttribute('aria-pressed', 'true');
    const sample = el('i', kind === 'event' || kind === 'datagram' || kind === 'log' ? 'dash' : '');
    sample.style.setProperty('--k', 'var(--' + kind + ')');
    add(button, sample, kind);
    button.addEventListener('click', () => {
      if (!hidden.delete(kind)) hidden.add(kind);
      button.setAttribute('aria-pressed', String(!hidden.has(kind)));
      lines.forEach(l => { if (l.g.classList.contains('k-' + kind)) l.g.classList.toggle('off', hidden.has(kind)); });
    });
    add(legend, button, ' ');
  });
  [['guard', 'hex', g => g.guard !== undefined, nodes], ['by a guard', 'halo', e => e.s === 'mediated', data.edges],
    ['reverse edge', 'dash', e => e.s === 'budgeted' || e.s === 'leak', data.edges]].forEach(([words, css, test, all]) => {
    if (!all.some(test)) return;
    const item = el('span', 'kind');
    const sample = el('i', css);
    if (css === 'dash') sample.style.setProperty('--k', 'var(--bad)');
    add(legend, add(item, sample, words), ' ');
  });

  // ---- matrix ----

  const heads = { rows: [], columns: [] };

  function hot(a, b) {
    heads.rows.forEach((h, i) => h.classList.toggle('hot', i === a));
    heads.columns.forEach((h, i) => h.classList.toggle('hot', i === b));
  }

  function matrix() {
    const table = document.getElementById('matrix');
    const head = el('tr');
    add(head, el('th'));
    nodes.forEach((node, i) => {
      const cell = add(el('th'), el('div', '', node.name));
      cell.scope = 'col';
      heads.columns[i] = cell;
      add(head, cell);
    });
    add(table, add(el('thead'), head));
    const body = el('tbody');
    nodes.forEach((node, i) => {
      const row = el('tr');
      const name = el('th', '', node.name);
      name.scope = 'row';
      heads.rows[i] = name;
      add(row, name);
      const reached = reach(i, out, 't');
      nodes.forEach((other, j) => add(row, cell(i, j, reached)));
      add(body, row);
    });
    add(table, body);
    document.getElementById('matrix-card').hidden = false;
  }

  function cell(i, j, reached) {
    if (i === j) return el('td', 'self');
    const yes = data.why[i * n + j].some(answer => answer[1]);
    const made = el('td', yes ? 'yes' : reached.has(j) ? 'via' : 'no', yes ? '●' : reached.has(j) ? '○' : '');
    made.tabIndex = i === 0 && j === 1 ? 0 : -1;
    made.dataset.f = i;
    made.dataset.t = j;
    const words = yes ? 'granted' : reached.has(j) ? 'only over others' : 'no way';
    made.setAttribute('aria-label', nodes[i].name + ' to ' + nodes[j].name + ': ' + words);
    made.addEventListener('pointerenter', () => showPair(i, j));
    made.addEventListener('pointerleave', rest);
    made.addEventListener('focus', () => showPair(i, j));
    made.addEventListener('blur', rest);
    made.addEventListener('click', () => { from = i; to = j; rest(); });
    made.addEventListener('keydown', e => walk(e, made));
    return made;
  }

  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  function walk(event, at) {
    const step = STEPS[event.key];
    if (event.key === 'Enter') { at.click(); }
    if (!step) return;
    event.preventDefault();
    let row = +at.dataset.f + step[0];
    let column = +at.dataset.t + step[1];
    if (row === column) { row += step[0]; column += step[1]; }
    const next = document.querySelector('#matrix td[data-f="' + row + '"][data-t="' + column + '"]');
    if (next) { at.tabIndex = -1; next.tabIndex = 0; next.focus(); }
  }

  if (data.why && n > 1) matrix();

  // ---- findings ----

  const findings = document.getElementById('findings');
  if (!data.findings.length) add(findings, el('li', '', 'None.'));
  const CHIPS = { error: 'bad', warning: 'warn', note: 'note' };
  const ORDER = ['error', 'warning', 'note'];
  data.findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  data.findings.forEach(f => {
    const box = el('div');
    add(box, el('p', '', f.message));
    if (f.suggestion) add(box, el('p', 'do', '→ ' + f.suggestion));
    add(box, el('code', '', f.at));
    const chip = el('span', 'chip ' + CHIPS[f.severity], f.id);
    chip.title = f.severity;
    add(findings, add(el('li'), chip, box));
  });

  // ---- zoom and pan ----

  const whole = svg.viewBox.baseVal;
  const all = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  let box = { ...all };
  let drag = null;
  let moved = false;

  function apply() { svg.setAttribute('viewBox', [box.x, box.y, box.w, box.h].join(' ')); }

  function zoom(factor, px, py) {
    const w = Math.min(all.w * 1.6, Math.max(220, box.w * factor));
    const real = w / box.w;
    box = { x: box.x + (box.w - box.w * real) * px, y: box.y + (box.h - box.h * real) * py, w, h: box.h * real };
    apply();
  }

  view.addEventListener('wheel', e => {
    e.preventDefault();
    const r = view.getBoundingClientRect();
    zoom(e.deltaY > 0 ? 1.12 : 1 / 1.12, (e.clientX - r.left) / r.width, (e.clientY - r.top) / r.height);
  }, { passive: false });
  view.addEventListener('pointerdown', e => { drag = { x: e.clientX, y: e.clientY, box: { ...box } }; moved = false; });
  window.addEventListener('pointermove', e => {
    if (!drag) return;
    const dx = e.clientX - drag.x;
    const dy = e.clientY - drag.y;
    if (Math.hypot(dx, dy) > 4) { moved = true; view.classList.add('drag'); }
    if (!moved) return;
    const scale = Math.max(drag.box.w / view.clientWidth, drag.box.h / view.clientHeight);
    box = { ...drag.box, x: drag.box.x - dx * scale, y: drag.box.y - dy * scale };
    apply();
  });
  window.addEventListener('pointerup', () => { drag = null; view.classList.remove('drag'); });
  document.getElementById('in').addEventListener('click', () => zoom(1 / 1.3, 0.5, 0.5));
  document.getElementById('out').addEventListener('click', () => zoom(1.3, 0.5, 0.5));
  document.getElementById('fit').addEventListener('click', () => { box = { ...all }; apply(); });

  document.getElementById('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = getComputedStyle(root).colorScheme === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
  });

  rest();
})();
