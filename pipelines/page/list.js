/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of films, and the search over all their sentences. */

const SHOWN = 5;                /* hits of a film among the results */
const FILMS = 40;               /* films among the results before one asks for more */
const SLICE = 25;               /* milliseconds of a search before the page may do something else */
const SHOW_EVERY = 300;         /* milliseconds between results that are not yet all */

function list() {
  const n_shards = Number(document.body.dataset.shards), films = [];
  let loaded = 0, terms = [], found = [], hits = 0, shown = 0, next = 0, timer = 0, showed = 0;

  /* Sentences come as scripts, the only files that a page on a disk may read, when they are first asked for. A film's come in
   * pieces: [id, name, first, [[start, text, pictured]…]]. */
  window.llama4Report = pieces => {
    for (const [id, name, first, windows] of pieces) {
      if (films.at(-1)?.id !== id)
        films.push({id, name, folded: fold(name), windows: [], looked: 0, hits: null});
      next = Math.min(next, films.length - 1);
      windows.forEach(([start, text, pictured], i) => films.at(-1).windows.push(
        {start, text, folded: fold(text), picture: pictured ? `pictures/${id}/${first + i}.jpg` : null}));
    }
  };

  const load = () => {
    if (loaded === n_shards)
      return;
    const script = make('script', {src: `${root.dataset.root}data/${loaded}.js`});
    script.onload = script.onerror = () => {
      loaded++;
      go();
      load();
    };
    document.head.append(script);
  };

  function search() {
    const query = $('words').value;
    terms = parse(query);
    $('films').hidden = terms.length > 0;
    $('results').hidden = terms.length === 0;
    document.querySelector('.failed')?.toggleAttribute('hidden', terms.length > 0);
    setPlace(terms.length > 0 ? {q: query} : {});
    for (const film of films)
      Object.assign(film, {looked: 0, hits: null});
    found = [];
    hits = next = showed = 0;
    $('results').ariaBusy = terms.length > 0;       /* what is shown was found before */
    go();
  }

  /* Looks at films that it has not looked at, as far as a slice of time goes, and then again. */
  function go() {
    const begun = performance.now();
    clearTimeout(timer);
    if (terms.length === 0) {
      $('count').textContent = '';
      return;
    }
    while (next < films.length && performance.now() - begun < SLICE)
      look(films[next++]);
    const all = next === films.length;
    if (!all)
      timer = setTimeout(go);
    if ((all && loaded === n_shards) || begun - showed > SHOW_EVERY) {
      showed = begun;
      showAll(all && loaded === n_shards);
    }
  }

  function look(film) {
    const more = film.windows.slice(film.looked).filter(w => matches(w.folded, terms));
    film.looked = film.windows.length;
    hits += more.length;
    if (film.hits === null && (more.length > 0 || matches(film.folded, terms))) {
      film.hits = [];
      found.push(film);
    }
    film.hits?.push(...more);
  }

  function showAll(complete) {
    const nothing = complete ? say('nothing') : say('loading');
    found.sort((a, b) => b.hits.length - a.hits.length);
    $('count').textContent = found.length > 0 ? say('found_in_films', hits, found.length) : nothing;
    shown = 0;
    $('results').ariaBusy = !complete;
    $('results').replaceChildren();
    show();
  }

  function show() {
    for (const film of found.slice(shown, shown + FILMS))
      $('results').append(group(film, film.hits));
    shown += FILMS;
    $('more-films')?.remove();
    if (shown < found.length) {
      const more = make('button', {type: 'button', id: 'more-films', textContent: say('more_films', found.length - shown)});
      more.addEventListener('click', show);
      $('results').append(more);
    }
  }

  function group(film, windows) {
    const query = $('words').value, page = `film/${film.id}.html`;
    const address = start => `${page}#${new URLSearchParams({t: start, q: query})}`;
    const rows = windows.slice(0, SHOWN).map(w => make('li', {}, make('a', {href: address(w.start)},
      make('span', {className: 'picture'}, ...(w.picture ? [make('img', {src: w.picture, alt: '', loading: 'lazy'})] : [])),
      make('time', {textContent: clock(w.start)}), make('span', {dir: 'auto'}, ...marked(w.text, terms)))));
    const part = make('section', {className: 'group'},
      make('h2', {dir: 'auto'}, make('a', {href: page}, ...marked(film.name, terms))), make('ol', {}, ...rows));
    if (windows.length > SHOWN)
      part.append(make('a', {className: 'more', href: address(windows[SHOWN].start), textContent: say('more', windows.length)}));
    return part;
  }

  /* From one link to the next, among what is shown. */
  const step = by => () => {
    const links = [...document.querySelectorAll('main :is(.cards > li > a, #results a)')].filter(a => a.offsetParent !== null);
    const at = links.indexOf(document.activeElement), next = links[at < 0 ? (by > 0 ? 0 : -1) : at + by];
    if (next) {
      next.focus();
      next.scrollIntoView({block: 'nearest'});
    } else if (by < 0) {
      toSearch();
    }
  };

  $('words').addEventListener('focus', load, {once: true});
  $('words').addEventListener('input', search);
  onKeys({
    '/': toSearch, '?': toggleKeys, t: otherTheme, j: step(1), k: step(-1), ArrowDown: step(1), ArrowUp: step(-1),
    Escape: leaveSearch, 'typing Escape': leaveSearch, 'typing ArrowDown': step(1), 'typing Enter': () => openFirst(),
  });
  const openFirst = () => document.querySelector('#results a, .cards a')?.click();
  if (place().has('q')) {
    $('words').value = place().get('q');
    load();
    search();
  }
}
