/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only ways by which text gets into a page. Whatever it holds, it is shown, never obeyed. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For every place of HTML where text may stand: between tags, and in an attribute between double quotes. Bytes that are no UTF-8 become
 * U+FFFD, what is invisible or turns the direction of writing is left out, a run of white space becomes a blank. */
void l4_page_add_html (GString *page, const char *text);

/* The same text as a JSON string with its quotes, for a script element or a script file: no character in it can end either. */
void l4_page_add_json (GString *page, const char *text);

/* A relative path, bytes, as a reference: every byte that is not plain is given by its number. */
void l4_page_add_url (GString *page, const char *path);

G_END_DECLS
