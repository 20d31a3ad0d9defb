/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process, so that others can tell whether it still runs. */

#include "index/owner.h"

#include <string.h>
#include <unistd.h>

/* When the process began: the 22nd field of its line, counted from behind the name, which may hold anything. -1: there is none. */
static gint64
get_birth (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid), *text = NULL;
  g_auto (GStrv) fields = NULL;
  const char *behind;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (behind = strrchr (text, ')')) == NULL)
    return -1;
  fields = g_strsplit (behind, " ", 22);
  if (g_strv_length (fields) < 21 || *fields[1] == 'Z' || *fields[1] == 'X')
    return -1;                  /* a dead process that nobody has asked after yet */
  return g_ascii_strtoll (fields[20], NULL, 10);
}

void
l4_owner_init (L4Owner *self)
{
  g_autofree char *boot = NULL, *space = g_file_read_link ("/proc/self/ns/pid", NULL);

  self->pid = getpid ();
  self->born = get_birth (self->pid);
  if (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL) && space != NULL && self->born >= 0)
    self->host = g_strdup_printf ("%s %s", g_strstrip (boot), space);
  else
    self->host = g_uuid_string_random ();       /* nobody can look after this process */
}

void
l4_owner_clear (L4Owner *self)
{
  g_clear_pointer (&self->host, g_free);
}

gboolean
l4_owner_equal (const L4Owner *a, const L4Owner *b)
{
  return a->pid == b->pid && a->born == b->born && strcmp (a->host, b->host) == 0;
}

L4OwnerLife
l4_owner_get_life (const L4Owner *self, const L4Owner *here)
{
  if (strcmp (self->host, here->host) != 0)
    return L4_OWNER_ELSEWHERE;
  return get_birth (self->pid) == self->born ? L4_OWNER_ALIVE : L4_OWNER_DEAD;
}
