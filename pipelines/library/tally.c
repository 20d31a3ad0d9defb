/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What came of the files of a run: counted, and named where something went wrong. */

#include "library/tally.h"

#include <stdio.h>

#include "base/i18n.h"
#include "llama4.h"

static const struct
{
  const char *event, *label;
  gboolean always;              /* in the line, even when there are none */
} kinds[L4_TALLY_KINDS] = {
  [L4_TALLY_DESCRIBED] = {"described", N_("described"), TRUE},
  [L4_TALLY_UNCHANGED] = {"unchanged", N_("unchanged"), TRUE},
  [L4_TALLY_MOVED] = {"moved", N_("moved"), FALSE},
  [L4_TALLY_COPIES] = {"copies", N_("copies of others"), FALSE},
  [L4_TALLY_KNOWN] = {"known", N_("failed before and unchanged"), FALSE},
  [L4_TALLY_BUSY] = {"busy", N_("at work in another run"), FALSE},
  [L4_TALLY_REPLACED] = {"replaced", N_("replaced by others (--prune forgets them)"), FALSE},
  [L4_TALLY_PRUNED] = {"pruned", N_("forgotten"), FALSE},
  [L4_TALLY_HIDDEN_FILES] = {"hidden_files", N_("hidden files left out"), FALSE},
  [L4_TALLY_HIDDEN_FOLDERS] = {"hidden_folders", N_("hidden folders left out"), FALSE},
  [L4_TALLY_WINDOWS] = {"windows", N_("windows"), FALSE},
  [L4_TALLY_FAILED] = {"failed", N_("failed"), TRUE},
};

L4Tally *
l4_tally_new (void)
{
  L4Tally *self = g_new0 (L4Tally, 1);

  self->failures = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
l4_tally_free (L4Tally *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->failures);
  g_free (self);
}

void
l4_tally_note_failure (L4Tally *self, const char *path, const char *reason)
{
  self->counts[L4_TALLY_FAILED]++;
  g_ptr_array_add (self->failures, path != NULL ? l4_text_to_line (path, -1) : NULL);
  g_ptr_array_add (self->failures, l4_text_to_line (reason, -1));
}

void
l4_tally_fail (L4Tally *self, L4Progress *progress, const char *path, const char *reason)
{
  if (path != NULL)
    l4_progress_say (progress, "%s: %s", path, reason);
  else
    l4_progress_say (progress, "%s", reason);
  l4_tally_note_failure (self, path, reason);
}

/* Once more: what failed in the middle of many has scrolled away. */
static void
print_failures (const L4Tally *self)
{
  if (self->failures->len == 0)
    return;
  fprintf (stderr, _("What failed:\n"));
  for (guint i = 0; i < self->failures->len; i += 2) {
    const char *path = self->failures->pdata[i], *reason = self->failures->pdata[i + 1];

    if (path != NULL)
      fprintf (stderr, "  %s\n      %s\n", path, reason);
    else
      fprintf (stderr, "  %s\n", reason);
  }
}

static void
print_numbers (const L4Tally *self)
{
  const char *comma = "";

  for (guint i = 0; i < L4_TALLY_KINDS; i++)
    if (kinds[i].always || self->counts[i] > 0) {
      printf ("%s%s: %u", comma, _(kinds[i].label), self->counts[i]);
      comma = ", ";
    }
  putchar ('\n');
}

void
l4_tally_print (L4Tally *self, L4Progress *progress, L4ProgressStyle style)
{
  const char *names[L4_TALLY_KINDS];

  for (guint i = 0; i < L4_TALLY_KINDS; i++)
    names[i] = kinds[i].event;
  l4_progress_finish (progress, names, self->counts, L4_TALLY_KINDS);
  print_failures (self);
  if (style == L4_PROGRESS_PEOPLE)
    print_numbers (self);
}
