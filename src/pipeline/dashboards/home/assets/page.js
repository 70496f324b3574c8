// Filters, sorting and turning without loading the page, and charts when they come into view. All of it works
// without: the page is whole as the server writes it, and the address holds its state.

const main = document.querySelector('main');
const page = main.dataset.page;
const form = document.getElementById('filters');
const status = document.getElementById('status');
const dark = matchMedia('(prefers-color-scheme: dark)');
const canvases = new Map(
  [...document.querySelectorAll('[data-chart]')].map((one) => [one.dataset.chart, one]),
);
const views = new Map();
const seen = new Set();
const drawing = fetchJson(`/${page}/charts.json`);
let drawn = {};
let asked = null;
let shown = location.search;

document.documentElement.classList.add('scripted');
document.querySelector('[aria-current=page]')?.scrollIntoView({block: 'nearest', inline: 'center'});

async function fetchJson(address, signal) {
  const reply = await fetch(address, {signal, headers: {accept: 'application/json'}});
  const said = await reply.json();
  if (!reply.ok) throw new Error(said.sentence);
  return said;
}

// ---- The state: what the address says is what is shown.

async function show(search, {push = true, keepForm = false} = {}) {
  asked?.abort();
  asked = new AbortController();
  const {signal} = asked;
  shown = search;
  main.setAttribute('aria-busy', 'true');
  try {
    // What is in view comes first, however long the rest takes.
    const [near, far] = byView();
    for (const names of [near, far]) {
      if (!names.length) continue;
      const only = new URLSearchParams(names.map((name) => ['only', name]));
      const address = `/${page}/figures.json${search ? `${search}&` : '?'}${only}`;
      const reply = await fetchJson(address, signal);
      if (push && names === near) history.pushState(null, '', `/${page}${search}`);
      replace(reply, keepForm || names === far);
      main.dataset.shown = names === near ? 'view' : 'all';
    }
    status.textContent = 'The figures have been brought up to date.';
  } catch (error) {
    if (error.name === 'AbortError') return;
    status.textContent = error.message;
    status.classList.remove('unseen');
  }
  main.removeAttribute('aria-busy');
}

function byView() {
  const near = [];
  const far = [];
  for (const place of document.querySelectorAll('[data-figures]')) {
    const {top, bottom} = (place.closest('article') ?? place).getBoundingClientRect();
    (bottom > 0 && top < innerHeight ? near : far).push(place.dataset.figures);
  }
  return near.length ? [near, far] : [far, []];
}

function replace(reply, keepForm) {
  const key = document.activeElement?.dataset?.key;
  const open = [...document.querySelectorAll('details[id][open]')].map((one) => one.id);
  // The server has escaped what comes from names and texts, and no script runs in what is put in here.
  for (const [name, html] of Object.entries(reply.widgets)) {
    const place = document.querySelector(`[data-figures="${name}"]`);
    if (place) place.innerHTML = html;
  }
  document.getElementById('navigation').innerHTML = reply.navigation;
  document.getElementById('chosen').innerHTML = reply.chosen;
  if (!keepForm) form.innerHTML = reply.form;
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  if (key) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({preventScroll: true});
  Object.assign(drawn, reply.drawn);
  for (const name of Object.keys(reply.drawn)) draw(name);
}

function formSearch() {
  const pairs = [...new FormData(form)].filter(([, value]) => value);
  const query = new URLSearchParams(pairs).toString();
  return query ? `?${query}` : '';
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  show(formSearch(), {keepForm: true});
});
form.addEventListener('change', (event) => {
  if (!event.target.name) return;
  const filter = event.target.closest('details');
  if (filter) {
    const chosen = filter.querySelectorAll('input:checked').length;
    filter.querySelector('.count').textContent = chosen || 'all';
  }
  show(formSearch(), {keepForm: true});
});
form.addEventListener('input', (event) => {
  if (!event.target.classList.contains('narrow')) return;
  const wanted = event.target.value.trim().toLocaleLowerCase();
  for (const label of event.target.parentElement.querySelectorAll('label')) {
    label.hidden = !label.textContent.toLocaleLowerCase().includes(wanted);
  }
});
form.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target.classList.contains('narrow')) event.preventDefault();
});

document.addEventListener('click', (event) => {
  for (const filter of form.querySelectorAll('details[open]')) {
    if (!filter.contains(event.target)) filter.open = false;
  }
  const link = event.target.closest('a');
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || link.hasAttribute('download') || !main.contains(link)) return;
  if (link.origin !== location.origin || link.pathname !== location.pathname) return;
  event.preventDefault();
  show(link.search);
});
document.addEventListener('keydown', (event) => {
  const filter = event.target.closest?.('details.filter[open]');
  if (event.key === 'Escape' && filter) {
    filter.open = false;
    filter.querySelector('summary').focus();
  }
});
addEventListener('popstate', () => {
  // The way to a place on this page is one as well.
  if (location.search !== shown) show(location.search, {push: false});
});

// ---- Charts.

const tip = document.createElement('div');
tip.className = 'tip';
tip.hidden = true;
tip.setAttribute('aria-hidden', 'true');
document.body.append(tip);

function showTip(_, event, _item, words) {
  tip.hidden = !words;
  if (!words) return;
  tip.textContent = words;
  const {offsetWidth: wide, offsetHeight: high} = tip;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
  tip.style.top = `${event.clientY + 14 + high > innerHeight ? event.clientY - high - 10 : event.clientY + 14}px`;
}

async function draw(name) {
  const canvas = canvases.get(name);
  canvas.hidden = !drawn[name]?.points.length;
  if (!seen.has(name) || canvas.hidden) return;
  if (views.has(name)) {
    await filled(views.get(name), name).runAsync();
    return;
  }
  const [{View, parse, expressionInterpreter}, {charts, looks}] = await Promise.all([
    import('./vega.js'),
    drawing,
  ]);
  if (views.has(name)) return;
  const dataflow = parse(charts[name], looks[dark.matches ? 'dark' : 'light'], {ast: true});
  canvas.replaceChildren();
  const made = new View(dataflow, {
    expr: expressionInterpreter,
    renderer: 'svg',
    container: canvas,
    hover: false,
    tooltip: showTip,
  });
  views.set(name, made);
  await filled(made.width(canvas.clientWidth), name).runAsync();
  canvas.querySelector('svg')?.setAttribute('aria-hidden', 'true');
  canvas.dataset.drawn = '';
}

function filled(view, name) {
  const {points, places} = drawn[name];
  if (places.length) view.signal('places', places);
  return view.data('points', points);
}

const intoView = new IntersectionObserver(
  (entries) => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      intoView.unobserve(target);
      seen.add(target.dataset.chart);
      draw(target.dataset.chart);
    }
  },
  {rootMargin: '120px'},
);
const resized = new ResizeObserver((entries) => {
  for (const {target} of entries) {
    const view = views.get(target.dataset.chart);
    if (view && target.clientWidth && view.width() !== target.clientWidth) {
      view.width(target.clientWidth).runAsync();
    }
  }
});
for (const canvas of canvases.values()) resized.observe(canvas);
dark.addEventListener('change', () => {
  for (const view of views.values()) view.finalize();
  views.clear();
  for (const name of canvases.keys()) draw(name);
});

if (canvases.size) {
  fetchJson(`/${page}/figures.json${location.search}`).then((reply) => {
    drawn = {...reply.drawn, ...drawn};
    for (const canvas of canvases.values()) {
      canvas.hidden = !drawn[canvas.dataset.chart]?.points.length;
      intoView.observe(canvas);
    }
  });
}
