/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with the page for people who read it otherwise, as a list of texts: an expression that is a promise. The rules are those of WCAG 2.2 AA
 * that can be computed. */
(async () => {
  for (let frame = 0; frame < 2; frame++)       /* until the browser knows what is in sight */
    await new Promise(resolve => requestAnimationFrame(resolve));
  const faults = [], all = [...document.querySelectorAll('*')];
  const fault = (what, element) => faults.push(element ? `${what}: ${element.cloneNode(false).outerHTML.slice(0, 160)}` : what);
  const seen = element => element.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true});
  const hidden = element => element.closest('[aria-hidden="true"]') !== null;

  const name = element => {
    const by = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).map(id => document.getElementById(id)?.textContent ?? '').join(' ');
    const inside = [...element.querySelectorAll('img[alt]')].map(img => img.alt).join(' ');
    return (by || element.getAttribute('aria-label') || element.textContent + inside || element.title || '').trim();
  };

  /* The document. */
  if (!document.documentElement.lang) fault('no language');
  if (!document.title.trim()) fault('no title');
  if (/user-scalable\s*=\s*no|maximum-scale/.test(document.querySelector('meta[name=viewport]')?.content ?? 'user-scalable=no'))
    fault('cannot be made larger');
  if (document.querySelectorAll('main').length !== 1) fault('not one main part');
  if (document.querySelectorAll('h1').length !== 1) fault('not one first heading');
  let level = 0;
  for (const heading of all.filter(e => /^H[1-6]$/.test(e.tagName) && seen(e))) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) fault('a heading leaves out a level', heading);
    if (!heading.textContent.trim()) fault('an empty heading', heading);
    level = own;
  }
  const ids = all.map(e => e.id).filter(id => id);
  for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) fault('an id twice ' + id);

  for (const element of all) {
    for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for'])
      for (const id of (element.getAttribute(attribute) ?? '').split(/\s+/).filter(id => id))
        if (!document.getElementById(id)) fault(`${attribute} of nothing`, element);
    if (!seen(element)) continue;

    /* Names. */
    if (element.matches('img') && !element.hasAttribute('alt')) fault('a picture without alt', element);
    if (element.matches('button, a[href], summary, [role=slider], [role=group], video, dialog, section[aria-label]') && !name(element))
      fault('without a name', element);
    if (element.matches('input, select, textarea') && !element.labels?.length && !element.getAttribute('aria-label'))
      fault('without a label', element);
    if (element.matches('input') && element.labels?.length && !element.labels[0].textContent.trim()) fault('with an empty label', element);
    if (element.matches('svg') && !hidden(element) && !element.getAttribute('aria-label')) fault('a drawing that is read out', element);

    /* Structure. */
    if (element.matches('ul, ol') && [...element.children].some(e => e.tagName !== 'LI')) fault('a list of something else', element);
    if (element.matches('li') && !element.parentElement.matches('ul, ol')) fault('an item of no list', element);
    if (element.matches('dt, dd') && !element.closest('dl')) fault('a term of no list', element);
    if (element.matches('a[href], button, input') && element.parentElement.closest('a[href], button')) fault('a control within a control', element);
    if (element.matches('[role=slider]'))
      for (const attribute of ['aria-valuenow', 'aria-valuemin', 'aria-valuemax'])
        if (!Number.isFinite(parseFloat(element.getAttribute(attribute)))) fault(`without ${attribute}`, element);
    if (element.tabIndex >= 0 && hidden(element)) fault('hidden, but can be reached', element);
    if (element.tabIndex > 0) fault('has its own order', element);

    /* Targets: 24 pixels a side, but for links within text. */
    if (element.matches('button, input, [role=slider], li a, .back')) {
      const box = element.getBoundingClientRect();
      if (box.width < 24 || (box.height < 24 && !element.matches('.back, [role=slider]'))) fault(`too small to hit (${box.width}x${box.height})`, element);
    }
  }

  /* Contrast of all text that is seen, on the grounds below it. */
  const numbers = color => {
    const parts = color.match(/[\d.]+/g).map(Number);
    return /^color\(srgb/.test(color) ? [...parts.slice(0, 3).map(n => n * 255), parts[3] ?? 1] : [parts[0], parts[1], parts[2], parts[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = color => {
    const [r, g, b] = color.map(n => (n /= 255) <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const ground = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const color = numbers(getComputedStyle(e).backgroundColor), image = getComputedStyle(e).backgroundImage;
      if (image.startsWith('linear-gradient')) layers.push(numbers(image.slice(16)));
      else if (color[3] > 0) layers.push(color);
      if (layers.at(-1)?.[3] === 1) break;
    }
    if (layers.at(-1)?.[3] !== 1)
      layers.push([255, 255, 255, 1]);
    return layers.reduceRight((below, top) => over(top, below));
  };
  const checkText = (element, color, what) => {
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const below = ground(element), ratio = contrast(over(numbers(color), below), below);
    if (ratio < (size >= 24 || (size >= 18.66 && bold) ? 3 : 4.5)) fault(`${what} of contrast ${ratio.toFixed(2)}`, element);
  };
  for (const element of all)
    if (seen(element) && [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !element.matches('script, style, .skip'))
      checkText(element, getComputedStyle(element).color, 'text');
  for (const input of document.querySelectorAll('input'))
    if (seen(input)) {
      checkText(input, getComputedStyle(input, '::placeholder').color, 'a placeholder');
      const below = ground(input.parentElement);
      if (contrast(over(numbers(getComputedStyle(input).borderColor), below), below) < 3) fault('a field without an edge', input);
    }
  const focus = document.activeElement;
  if (focus.matches(':focus-visible') && focus !== document.body) {
    const style = getComputedStyle(focus), below = ground(focus.parentElement);
    if (style.outlineStyle === 'none' || contrast(over(numbers(style.outlineColor), below), below) < 3) fault('a focus that is not seen', focus);
  }
  return faults;
})()
