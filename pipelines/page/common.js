/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all pages do alike: search, keys, dark and light. Text gets into a page as text nodes only. */

const $ = id => document.getElementById(id);
const root = document.documentElement;
let labels = {};

const say = (name, ...values) => labels[name].replace(/%(\d)/g, (all, n) => values[n - 1]);

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function clock(seconds) {
  const s = Math.floor(seconds % 60), m = Math.floor(seconds / 60 % 60), h = Math.floor(seconds / 3600);
  const two = n => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/* Search ----------------------------------------------------------------------------------------------------------------- */

/* Without case and accents. */
const fold = text => (/^[ -~]*$/.test(text) ? text : text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '')).toLowerCase();
const inWord = /[\p{L}\p{N}]/u;
const unspaced = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/* Words, "phrases", -not; a * at the end changes nothing, as every word also stands for those that begin with it. */
function parse(query) {
  const terms = [];
  for (const [, not, phrase, word] of query.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    const text = fold((phrase ?? word).trim().replace(/\s+/g, ' ').replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''));
    if (text !== '')
      terms.push({text, not: not !== '', anywhere: unspaced.test(text)});
  }
  return terms.some(term => !term.not) ? terms : [];
}

/* Where the term first occurs from a place on, -1: nowhere. Words are met at their beginning. */
function find(folded, term, from) {
  for (let at = folded.indexOf(term.text, from); at >= 0; at = folded.indexOf(term.text, at + 1))
    if (at === 0 || term.anywhere || !inWord.test(folded[at - 1]))
      return at;
  return -1;
}

const matches = (folded, terms) => terms.every(term => (find(folded, term, 0) >= 0) !== term.not);

/* The text as nodes, what was found in a mark. Folding changes lengths: places in the folded text are brought back by character. */
function marked(text, terms) {
  let folded = '';
  const places = [], nodes = [];
  let at = 0;
  for (const character of text) {
    const piece = fold(character);
    for (let i = 0; i < piece.length; i++)
      places.push(at);
    folded += piece;
    at += character.length;
  }
  places.push(at);
  const hit = new Uint8Array(text.length);
  for (const term of terms.filter(term => !term.not))
    for (let i = find(folded, term, 0); i >= 0; i = find(folded, term, i + term.text.length))
      hit.fill(1, places[i], Math.max(places[i + term.text.length], places[i] + 1));
  for (let begin = 0, end; begin < text.length; begin = end) {
    for (end = begin + 1; end < text.length && hit[end] === hit[begin]; end++);
    const piece = text.slice(begin, end);
    nodes.push(hit[begin] ? make('mark', {textContent: piece}) : piece);
  }
  return nodes;
}

/* What both pages have ---------------------------------------------------------------------------------------------------- */

function otherTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try {
    localStorage.setItem('llama4-theme', root.dataset.theme);
  } catch { }
  dispatchEvent(new Event('resize'));
}

const toggleKeys = () => $('keys').open ? $('keys').close() : $('keys').showModal();

/* The part of the address behind #, such as t=12.5&q=red */
const place = () => new URLSearchParams(location.hash.slice(1));

function setPlace(values) {
  const address = '#' + new URLSearchParams(values);
  try {
    history.replaceState(null, '', values.toString() === '' ? location.pathname : address);
  } catch { }
}

/* Keys that are meant for what they are typed into, or for the browser, are left alone. */
function onKeys(keys) {
  document.addEventListener('keydown', event => {
    const target = event.target, typing = target.matches('input, textarea, select');
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing)
      return;
    if ($('keys').open && event.key !== '?')
      return;
    const key = typing ? 'typing ' + event.key : event.key === ' ' ? 'Space' : event.key;
    if (key === 'Space' && target.closest('a, button, summary'))
      return;
    if (keys[key] && keys[key](event) !== false)
      event.preventDefault();
  });
}

function leaveSearch() {
  const words = $('words');
  if (words.value !== '') {
    words.value = '';
    words.dispatchEvent(new Event('input'));
  } else {
    words.blur();
  }
}

function toSearch() {
  $('words').focus();
  $('words').select();
}

/* A picture that is nearly as wide as its place fills it: a line at its edge would be seen. */
function fitPicture(image) {
  image.classList.toggle('wide', Math.abs(image.naturalWidth / image.naturalHeight - 16 / 9) < 0.1);
}

function begin() {
  document.addEventListener('load', event => event.target.matches?.('img') && fitPicture(event.target), true);
  [...document.images].filter(image => image.complete).forEach(fitPicture);
  for (const element of document.querySelectorAll('.tools, .search'))
    element.hidden = false;
  $('theme-button').addEventListener('click', otherTheme);
  $('keys-button').addEventListener('click', toggleKeys);
  $('keys-close').addEventListener('click', toggleKeys);
  document.querySelector('.search')?.addEventListener('submit', event => event.preventDefault());
}
