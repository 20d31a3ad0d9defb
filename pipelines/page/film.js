/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of a film: player, captions, time line, sentences. */

function film() {
  const video = $('film'), lists = [...document.querySelectorAll('#sentences > ol')], windows = [];
  let current = -1, hits = [], query = [], playable = true, track = null;

  for (const part of lists)
    for (const item of part.children)
      windows.push({item, part, start: Number(item.dataset.s), end: Number(item.dataset.e), text: item.lastChild.lastChild.textContent,
        clock: item.lastChild.firstChild.textContent, pictured: 'p' in item.dataset, hit: false, folded: null});
  const last = windows.at(-1);
  const length = () => Number.isFinite(video.duration) && playable ? video.duration : last ? last.end : 0;
  const now = () => playable ? video.currentTime : windows[current]?.start ?? 0;
  const picture = i => `${$('sentences').dataset.pictures}${i}.jpg`;

  /* The window of a time: the last that begins at or before it. */
  function at(seconds) {
    let low = 0, high = windows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (windows[middle].start <= seconds)
        low = middle + 1;
      else
        high = middle;
    }
    return Math.max(low - 1, 0);
  }

  /* Captions. What a page on the disk may not load as a file is made here; cues are markup, so that & and < are escaped. */
  function addCaptions() {
    track = video.addTextTrack('captions', say('captions'), root.lang);
    windows.forEach((w, i) => {
      const end = i + 1 < windows.length ? Math.min(w.end, windows[i + 1].start) : w.end;
      if (end > w.start)
        track.addCue(new VTTCue(w.start, end, w.text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')));
    });
    track.mode = 'showing';
  }

  /* Where the film cannot be played, its pictures stand in its place. */
  function withoutPlayer() {
    if (!playable)
      return;
    playable = false;
    $('no-film').textContent = say('no_player');
    $('no-film').hidden = false;
    video.hidden = true;
    if (windows.length > 0) {
      $('screen').append(make('img', {id: 'still', alt: ''}), make('p', {id: 'said', dir: 'auto'}));
      show(Math.max(current, 0));
    }
  }

  /* Makes a window the current one, in all that shows it. */
  function show(i, follow = true) {
    const changed = i !== current, before = windows[current];
    current = i;
    const w = windows[i];
    if (w === undefined)
      return;
    if (!playable) {
      if (w.pictured)
        $('still').src = picture(i);
      $('still').alt = w.text;
      $('still').hidden = !w.pictured;
      $('said').textContent = w.text;
    }
    if (!changed)
      return;
    const seen = before === undefined || inView(before.item);
    before?.item.removeAttribute('aria-current');
    w.item.setAttribute('aria-current', 'true');
    if (follow && seen && !w.item.hidden)
      reveal(w.item);
    followStrip();
  }

  const top = () => document.querySelector('.find').getBoundingClientRect().bottom;
  function inView(item) {
    const box = item.getBoundingClientRect();
    return !item.hidden && box.bottom > top() && box.top < innerHeight;
  }
  function reveal(item) {
    const box = item.getBoundingClientRect();
    if (box.top < top() + 8 || box.bottom > innerHeight - 8)
      item.scrollIntoView({block: 'center'});
  }

  function go(seconds) {
    const to = Math.min(Math.max(seconds, 0), Math.max(length(), 0));
    if (playable)
      video.currentTime = to;
    show(at(to), false);
    moved(to);
    return current;
  }

  /* A little behind the beginning, as players round. */
  function goTo(i, {focus = false} = {}) {
    const w = windows[i];
    if (w === undefined)
      return;
    show(i, false);
    video.removeAttribute('poster');
    if (playable)
      video.currentTime = w.start + 0.001;
    moved(w.start);
    reveal(w.item);
    if (focus)
      w.item.lastChild.focus({preventScroll: true});
    remember();
  }

  function remember() {
    const values = {};
    if (current >= 0)
      values.t = windows[current].start;
    if (query.length > 0)
      values.q = $('words').value;
    setPlace(values);
  }

  /* Search: hits are shown, the rest hidden; marks are made where they are looked at. */
  const inSight = new Set();
  const dressed = new Set();
  const watch = new IntersectionObserver(entries => {
    for (const entry of entries) {
      inSight[entry.isIntersecting ? 'add' : 'delete'](entry.target);
      if (entry.isIntersecting)
        dress(entry.target);
    }
  }, {rootMargin: '600px'});
  let byPart = new Map(lists.map(part => [part, []]));
  for (const w of windows)
    byPart.get(w.part).push(w);

  function undress() {
    for (const w of dressed)
      w.item.lastChild.lastChild.textContent = w.text;
    dressed.clear();
  }

  function dress(part) {
    if (query.length > 0)
      for (const w of byPart.get(part))
        if (w.hit && !dressed.has(w)) {
          w.item.lastChild.lastChild.replaceChildren(...marked(w.text, query));
          dressed.add(w);
        }
  }

  function search() {
    query = parse($('words').value);
    undress();
    hits = [];
    for (const [part, inside] of byPart) {
      let some = false;
      for (const w of inside) {
        w.folded ??= fold(w.text);
        w.hit = query.length > 0 && matches(w.folded, query);
        some ||= w.hit;
        w.item.hidden = query.length > 0 && !w.hit;
      }
      part.hidden = query.length > 0 && !some;
    }
    windows.forEach((w, i) => w.hit && hits.push(i));
    for (const part of inSight)
      dress(part);
    $('count').textContent = query.length === 0 ? say('all', windows.length) : hits.length === 0 ? say('nothing') : say('found', hits.length, windows.length);
    $('steps').hidden = hits.length === 0;
    if (query.length === 0 && windows[current])
      reveal(windows[current].item);
    drawTicks();
    fillStrip(true);
  }

  /* To the hit before or behind where the film is; around at the ends. */
  function hit(by) {
    if (hits.length === 0)
      return;
    let next = by > 0 ? hits.find(i => i > current) : hits.findLast(i => i < current);
    if (by > 0 && windows[current]?.hit && now() < windows[current].start)
      next = current;
    goTo(next ?? hits.at(by > 0 ? 0 : -1));
    $('count').textContent = say('hit', hits.indexOf(current) + 1, hits.length);
  }

  function hitFromSearch(event) {
    if (event.shiftKey)
      hit(-1);
    else if (!event.repeat && hits.includes(current) && !visited)
      goTo(current);
    else
      hit(1);
    visited = true;
  }
  let visited = false;

  /* The whole film as a bar, with a tick for every hit. */
  function drawTicks() {
    const canvas = $('ticks'), width = canvas.clientWidth, height = canvas.clientHeight, scale = devicePixelRatio;
    const whole = length();
    if (width === 0 || whole === 0)
      return;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const draw = canvas.getContext('2d');
    draw.scale(scale, scale);
    draw.fillStyle = getComputedStyle(canvas).color;
    for (const i of hits)
      draw.fillRect(windows[i].start / whole * width, 0, Math.max((windows[i].end - windows[i].start) / whole * width - 1, 2), height);
  }

  function moved(seconds) {
    const overview = $('overview'), whole = length();
    $('head').style.transform = `translateX(${whole > 0 ? Math.min(seconds / whole, 1) * overview.clientWidth : 0}px)`;
    overview.setAttribute('aria-valuenow', Math.round(seconds));
    overview.setAttribute('aria-valuetext', clock(seconds));
  }

  /* The time line: a picture for every window, made where it is looked at. */
  const strip = $('strip'), cells = new Map(), still = matchMedia('(prefers-reduced-motion: reduce)');
  let cellWidth = 0;

  function fillStrip(again = false) {
    if (strip.hidden || cellWidth === 0)
      return;
    const first = Math.max(Math.floor(strip.scrollLeft / cellWidth) - 3, 0);
    const behind = Math.min(Math.ceil((strip.scrollLeft + strip.clientWidth) / cellWidth) + 3, windows.length);
    for (const [i, cell] of cells)
      if (i < first || i >= behind) {
        cell.remove();
        cells.delete(i);
      }
    for (let i = first; i < behind; i++) {
      const cell = cells.get(i) ?? addCell(i);
      cell.classList.toggle('hit', windows[i].hit);
      cell.toggleAttribute('aria-current', i === current);
      cell.tabIndex = i === Math.min(Math.max(current, first), behind - 1) ? 0 : -1;
    }
  }

  function addCell(i) {
    const w = windows[i];
    const cell = make('button', {type: 'button', className: 'cell', title: w.text}, make('time', {textContent: w.clock}));
    if (w.pictured)
      cell.prepend(make('img', {src: picture(i), alt: w.text, decoding: 'async'}));
    else
      cell.prepend(make('span', {className: 'words', dir: 'auto', textContent: w.text}));
    cell.style.transform = `translateX(${i * cellWidth}px)`;
    cell.addEventListener('click', () => goTo(i));
    strip.firstChild.append(cell);
    cells.set(i, cell);
    return cell;
  }

  function layStrip() {
    cellWidth = parseFloat(getComputedStyle(strip).getPropertyValue('--cell')) || 136;
    strip.firstChild.style.width = `${windows.length * cellWidth}px`;
    fillStrip();
  }

  function followStrip() {
    const left = current * cellWidth;
    if (left < strip.scrollLeft || left + cellWidth > strip.scrollLeft + strip.clientWidth)
      strip.scrollTo({left: left - strip.clientWidth / 2 + cellWidth / 2, behavior: still.matches ? 'auto' : 'instant'});
    fillStrip();
  }

  /* Keys */
  const jump = by => () => go(now() + by);
  const sentence = by => () => {
    let i = current + by;
    while (windows[i]?.item.hidden)
      i += by;
    goTo(i);
  };
  /* From one sentence to the next, without going there in the film. */
  const focus = by => event => {
    const item = document.activeElement.closest('#sentences li');
    let next = item ? windows.findIndex(w => w.item === item) + by : Math.max(current, 0);
    while (windows[next]?.item.hidden)
      next += by;
    if (windows[next] === undefined)
      return event.key.startsWith('Arrow') ? false : undefined;
    reveal(windows[next].item);
    windows[next].item.lastChild.focus({preventScroll: true});
    reveal(windows[next].item);
  };
  const play = () => playable && (video.paused ? video.play() : video.pause());
  const whole = () => document.fullscreenElement ? document.exitFullscreen() : $('screen').requestFullscreen();
  const captions = () => {
    track.mode = track.mode === 'showing' ? 'hidden' : 'showing';
  };
  const back = () => document.querySelector('a.back')?.click();

  $('count').textContent = say('all', windows.length);
  if (windows.length > 0) {
    $('overview').hidden = false;
    strip.append(make('div', {}));
    strip.hidden = false;
    addCaptions();
    layStrip();
    for (const part of lists)
      watch.observe(part);
  }
  onKeys({
    '/': toSearch, '?': toggleKeys, t: otherTheme, j: sentence(1), k: sentence(-1), n: () => hit(1), p: () => hit(-1), Space: play,
    ArrowLeft: jump(-5), ArrowRight: jump(5), ArrowDown: focus(1), ArrowUp: focus(-1), c: captions, f: whole, b: back,
    Escape: leaveSearch, 'typing Escape': leaveSearch, 'typing Enter': hitFromSearch, 'typing ArrowDown': focus(1),
  });
  $('words').addEventListener('input', () => {
    visited = false;
    search();
  });
  $('next').addEventListener('click', () => hit(1));
  $('previous').addEventListener('click', () => hit(-1));
  $('sentences').addEventListener('click', event => {
    const item = event.target.closest('li');
    if (item && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      goTo(windows.findIndex(w => w.item === item));
    }
  });
  const seek = event => {
    const box = $('overview').getBoundingClientRect();
    go((event.clientX - box.left) / box.width * length());
  };
  $('overview').addEventListener('pointerdown', event => {
    $('overview').setPointerCapture(event.pointerId);
    seek(event);
  });
  $('overview').addEventListener('pointermove', event => $('overview').hasPointerCapture(event.pointerId) && seek(event));
  $('overview').addEventListener('keydown', event => {
    const to = {Home: 0, End: length(), PageUp: now() - 60, PageDown: now() + 60}[event.key];
    if (to !== undefined) {
      go(to);
      event.preventDefault();
    }
  });
  strip.addEventListener('scroll', () => fillStrip(), {passive: true});
  addEventListener('resize', () => {
    layStrip();
    drawTicks();
    moved(now());
  });
  video.addEventListener('timeupdate', () => {
    show(at(video.currentTime));
    moved(video.currentTime);
  });
  video.addEventListener('durationchange', drawTicks);
  video.addEventListener('error', withoutPlayer);
  if (video.error)
    withoutPlayer();

  const arrive = () => {
    if (place().has('q') && place().get('q') !== $('words').value) {
      $('words').value = place().get('q');
      search();
    }
    const seconds = parseFloat(place().get('t'));
    if (Number.isFinite(seconds))
      goTo(at(seconds));
  };
  addEventListener('hashchange', arrive);
  arrive();
  if (current < 0)
    show(0, false);
}
