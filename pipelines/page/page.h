/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages of a report: one for each film, and the list of all with its search. */

#pragma once

#include "index/index.h"
#include "page/folder.h"

G_BEGIN_DECLS

/* A film as a page shows it. Borrowed. */
typedef struct
{
  const L4IndexVideo *video;
  GPtrArray *windows;           /* of L4IndexWindow, in order, with thumbnails that l4_page_check_pictures() has left */
  const L4IndexRun *run;        /* that said it; NULL: not known */
  const char *file;             /* the film's file, as a relative path from the report's folder; bytes */
  gboolean partial;             /* it has not been described to its end */
} L4PageFilm;

/* Takes away thumbnails that are no pictures, so that nothing comes to stand in a report's folder that claims to be one; how many. */
guint l4_page_check_pictures (GPtrArray *windows);

/* Writes its pictures and its page: film/ID.html, or, as the only one of a report, index.html. */
gboolean l4_page_write_film (L4PageFolder *folder, const L4PageFilm *film, gboolean alone, GError **error);

/* What that page is called in the folder of a report of many. (transfer full) */
char *l4_page_title (const L4IndexVideo *video);

/* The list: index.html, and the sentences for its search. */
typedef struct _L4PageList L4PageList;

L4PageList *l4_page_list_new (L4PageFolder *folder);    /* borrows the folder */
void l4_page_list_free (L4PageList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4PageList, l4_page_list_free)

/* A film, which has a page. */
gboolean l4_page_list_add (L4PageList *self, const L4PageFilm *film, GError **error);

/* A file of which nothing was said. reason: one line; NULL: it was not its turn yet. */
void l4_page_list_add_failed (L4PageList *self, const L4IndexVideo *video, const char *reason);

gboolean l4_page_list_finish (L4PageList *self, GError **error);

/* The style sheet and the script. */
gboolean l4_page_write_shared (L4PageFolder *folder, GError **error);

G_END_DECLS
