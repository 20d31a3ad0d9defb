/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aligned memory that may be refused, and how much of it the machine has. */

#pragma once

#include <glib.h>

#define L4_HUGE_PAGE ((gsize) 2 << 20)     /* bytes, on x86-64 */

/* bytes of memory aligned to a cache line, zeroed; bytes may be 0. Never aborts: on refusal NULL and L4_ERROR_MEMORY, in which
 * what names the purpose. (transfer full), freed with l4_free(). */
gpointer l4_alloc (gsize bytes, const char *what, GError **error);
/* The same with any contents; in huge pages where it is large and the system has them. */
gpointer l4_alloc_raw (gsize bytes, const char *what, GError **error);
/* What is large goes back to the system. NULL is fine. */
void l4_free (gpointer memory);

/* A float array that l4_autofree releases when it leaves its scope. */
static inline void
l4_autofree_ (gpointer place)
{
  l4_free (*(gpointer *) place);
}

#define l4_autofree __attribute__ ((cleanup (l4_autofree_)))

/* *product = the product of dims[0 … n_dims - 1] and size; FALSE when a dim is negative or the product passes G_MAXSIZE. */
gboolean l4_checked_product (const gint64 *dims, guint n_dims, gsize size, gsize *product);

/* Bytes that can be allocated now without swapping: the kernel's estimate, bounded by the memory control groups that the process is in. */
guint64 l4_memory_available (void);

/* What the memory control group whose files lie in folder has room for; G_MAXUINT64: it has no limit. Files that the system keeps in
 * memory count as room, as in the kernel's estimate: it gives them up when memory is asked for. */
guint64 l4_memory_of_group (const char *folder);
