/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cameras that are watched: pictures, what is said of them, alerts, as the server tells of them. Text becomes text nodes only. */

const SENTENCES = 50;           /* of a camera, and alerts, that are shown; as many as the server keeps */
const ALERTS = 100;
const AGAIN = 3000;             /* milliseconds until a server that refused is asked again */
const QUIET = 20000;            /* milliseconds without an event, of which there is one every five seconds, until nobody is believed to be there */

function live() {
  const views = [...document.querySelectorAll('.views > li')].map(item => ({
    item, button: item.querySelector('button'), image: item.querySelector('img'), absent: item.querySelector('.absent'),
    said: item.querySelector('.said'), name: item.querySelector('h2').textContent, loading: false, wanted: null, growing: null,
  }));
  let source = null, timer = 0, silence = 0, opened = 0;      /* opened: so often; browsers wait for what they asked for by the same address */

  const when = ms => {
    const date = new Date(ms);
    return make('time', {dateTime: date.toISOString(), textContent: date.toLocaleTimeString(root.lang), title: date.toLocaleString(root.lang)});
  };

  function setLink(name, kind) {
    $('link').textContent = say(name);
    $('link').className = 'muted ' + kind;
  }

  /* Pictures: one is fetched at a time; of those that come meanwhile the last is fetched then. */
  function load(view) {
    if (view.loading || view.wanted === null)
      return;
    view.loading = true;
    view.image.src = view.wanted;
    view.wanted = null;
  }

  for (const view of views) {
    const done = shown => {
      view.loading = false;
      if (shown)
        view.image.hidden = false;
      load(view);
    };
    view.image.addEventListener('load', () => done(true));
    view.image.addEventListener('error', () => done(false));
  }

  function setPicture(camera, number) {
    views[camera].wanted = number > 0 ? `picture/${camera}?${opened}-${number}` : null;
    load(views[camera]);
  }

  function setPresent(camera, present) {
    views[camera].absent.hidden = present;
    views[camera].item.classList.toggle('gone', !present);
  }

  /* What is being said stands above what was said. */
  function setGrowing({camera, text}) {
    const view = views[camera];
    if (view.growing === null) {
      view.growing = make('li', {className: 'growing', ariaHidden: 'true'}, make('span', {textContent: '…'}), make('span', {dir: 'auto'}));
      view.said.prepend(view.growing);
    }
    view.growing.lastChild.textContent = text;
  }

  function addSentence({camera, time, text, summary}) {
    const view = views[camera];
    if (!summary) {
      view.growing?.remove();
      view.growing = null;
      view.image.alt = `${view.name}: ${text}`;
    }
    const words = make('span', {dir: 'auto', textContent: text});
    if (summary)
      words.prepend(make('strong', {textContent: say('summary')}), ' ');
    view.said.prepend(make('li', {className: summary ? 'summary' : ''}, when(time), words));
    while (view.said.children.length > SENTENCES)
      view.said.lastChild.remove();
  }

  function addAlert({id, camera, rule, on, time, text, picture}) {
    const item = make('li', {className: on ? 'on' : 'off'},
      make('p', {className: 'facts'}, when(time), ' · ', make('bdi', {textContent: camera})),
      make('p', {}, make('strong', {dir: 'auto', textContent: rule}), ' ', say(on ? 'begins' : 'ends')));
    if (text !== '')
      item.append(make('p', {className: 'muted', dir: 'auto', textContent: text}));
    if (picture)
      item.append(make('img', {src: `alert/${id}`, alt: text || rule, loading: 'lazy'}));
    $('raised').prepend(item);
    while ($('raised').children.length > ALERTS)
      $('raised').lastChild.remove();
    $('no-alerts').hidden = true;
  }

  function setState({cameras, names, alerts}) {
    if (names.length !== views.length || names.some((name, camera) => name !== views[camera].name)) {
      location.reload();          /* the program began anew, with other cameras */
      return;
    }
    cameras.forEach(({present, picture, sentences}, camera) => {
      views[camera].said.replaceChildren();
      views[camera].growing = null;
      views[camera].loading = false;            /* what was asked for before may never come */
      sentences.forEach(([time, text, summary]) => addSentence({camera, time, text, summary}));
      setPresent(camera, present);
      setPicture(camera, picture);
    });
    $('raised').replaceChildren();
    alerts.forEach(addAlert);
    setLink('connected', 'on');
  }

  function openLater() {
    close();
    timer = setTimeout(open, AGAIN);
  }

  /* A network that is lost ends no connection. */
  function hear() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      setLink('broken', 'broken');
      openLater();
    }, QUIET);
  }

  /* Who was let in may have to show the token again: the server began anew. */
  function askAgain() {
    openLater();
    fetch('.', {method: 'HEAD'}).then(answer => answer.status === 401 && location.reload(), () => { });
  }

  function open() {
    clearTimeout(timer);
    source = new EventSource('events');
    opened++;
    hear();
    const on = (name, action) => source.addEventListener(name, event => {
      hear();
      action(JSON.parse(event.data));
    });
    on('life', () => { });
    on('state', setState);
    on('picture', ({camera, number}) => setPicture(camera, number));
    on('present', ({camera, present}) => setPresent(camera, present));
    on('sentence', addSentence);
    on('growing', setGrowing);
    on('alert', addAlert);
    source.onerror = () => {
      setLink('broken', 'broken');
      if (source.readyState === EventSource.CLOSED)
        askAgain();
    };
  }

  function close() {
    clearTimeout(timer);
    clearTimeout(silence);
    source?.close();
    source = null;
  }

  function toggleLarge(view) {
    const large = !view.item.classList.contains('large');
    allSmall();
    view.item.classList.toggle('large', large);
    view.button.setAttribute('aria-pressed', large);
    if (large)
      view.item.scrollIntoView({block: 'nearest'});
  }

  function allSmall() {
    for (const {item, button} of views) {
      item.classList.remove('large');
      button.setAttribute('aria-pressed', 'false');
    }
  }

  function step(by) {
    const at = views.findIndex(view => view.button === document.activeElement);
    views[at < 0 ? 0 : Math.min(Math.max(at + by, 0), views.length - 1)]?.button.focus();
  }

  views.forEach(view => view.button.addEventListener('click', () => toggleLarge(view)));
  onKeys({
    'j': () => step(1), 'ArrowRight': () => step(1), 'k': () => step(-1), 'ArrowLeft': () => step(-1),
    'Escape': allSmall, 'a': () => $('alerts').focus(), 't': otherTheme, '?': toggleKeys,
  });
  addEventListener('visibilitychange', () => document.hidden ? close() : source === null && open());
  addEventListener('pagehide', close);
  if (!document.hidden)
    open();
}

function startLive() {
  if (!document.body.classList.contains('live'))
    return;
  labels = JSON.parse($('labels').textContent);
  begin();
  live();
}

if (document.readyState === 'loading')
  addEventListener('DOMContentLoaded', startLive);
else
  startLive();
