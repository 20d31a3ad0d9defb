/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both kinds of page begin and end with, and how they write figures. */

#pragma once

#include "page/page.h"
#include "page/template.h"

/* root: the way from the page to the report's folder, "" or "../". */
void l4_page_begin (GString *page, const char *title, const char *root);
void l4_page_end (GString *page, gboolean film);

/* The search field, with its label. (transfer full) */
char *l4_page_search (const char *label);

/* 0:04, 1:02:03. (transfer full) */
char *l4_page_clock (guint64 time);

/* Seconds as scripts and JSON write them: 4, 4.25; to the millisecond. (transfer full) */
char *l4_page_seconds (guint64 time);

/* The day of a file's time, as 2025-03-31. (transfer full) */
char *l4_page_day (gint64 mtime);

/* Where a window's picture lies in the report: pictures/ID/NUMBER.jpg. (transfer full) */
char *l4_page_picture (const L4PageFilm *film, guint number);

/* The number of the first window that has a picture; FALSE: none has. */
gboolean l4_page_first_picture (const L4PageFilm *film, guint *number);

/* What the film is called. (transfer full) */
char *l4_page_name (const L4IndexVideo *video);

/* How long it is: as its file says, or as far as it was described. */
guint64 l4_page_length (const L4PageFilm *film);
