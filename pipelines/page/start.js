/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What begins when a page has been read. */

function start() {
  labels = JSON.parse($('labels').textContent);
  begin();
  if (document.body.classList.contains('film'))
    film();
  else
    list();
}

if (document.readyState === 'loading')
  addEventListener('DOMContentLoaded', start);
else
  start();
