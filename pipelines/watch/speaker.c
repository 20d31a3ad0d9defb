/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of cameras: lines for people, or events as JSON. */

#include "watch/speaker.h"

#include <stdio.h>

#include "base/i18n.h"
#include "command/command.h"
#include "run/json.h"
#include "watch/alert.h"
#include "watch/clock.h"

static const L4Camera *
get_camera (const L4Speaker *self, guint number)
{
  return g_ptr_array_index (self->cameras->cameras, number);
}

static void
print_line (const char *line)
{
  puts (line);
  l4_command_flush ();
}

void
l4_speaker_event (const L4Speaker *self, const char *name, guint camera, const char *reason)
{
  yyjson_mut_doc *doc;
  yyjson_mut_val *event;

  if (!self->json)
    return;
  event = l4_json_begin (&doc, name);
  yyjson_mut_obj_add_strcpy (doc, event, "camera", get_camera (self, camera)->name);
  if (reason != NULL)
    yyjson_mut_obj_add_strcpy (doc, event, "reason", reason);
  l4_json_end (doc);
}

void
l4_speaker_said (const L4Speaker *self, const L4News *said)
{
  const L4Camera *camera = get_camera (self, said->camera);
  g_autofree char *line = NULL, *time = l4_clock_format_short (said->from);

  if (self->json)
    print_line (line = l4_said_to_json (camera, said));
  else if (!self->quiet && said->kind == L4_NEWS_WINDOW)
    print_line (line = g_strdup_printf ("%s  %s  %s", time, camera->name, said->text));
  else if (!self->quiet && said->kind == L4_NEWS_SUMMARY)
    print_line (line = g_strdup_printf (_("%s  %s  summary: %s"), time, camera->name, said->text));
}

void
l4_speaker_done (const L4Speaker *self, const char *record, const char *text)
{
  if (self->json && record != NULL)
    print_line (record);
  if (text != NULL)
    l4_progress_say (self->progress, "%s", text);
}

void
l4_speaker_end (const L4Speaker *self, const L4SpeakerCounts *counts)
{
  static const char *const names[] = { "windows", "alerts", "unchanged", "skipped", "failed", "left_out", "undelivered" };
  guint numbers[] = { counts->windows, counts->alerts, counts->unchanged, counts->skipped, counts->failed, counts->left_out,
    counts->undelivered
  };

  l4_progress_finish (self->progress, names, numbers, G_N_ELEMENTS (numbers));
  if (!self->json && !self->quiet)
    l4_progress_say (self->progress, _("windows: %u, alerts: %u, unchanged: %u, left out as the model was at work: %u, failed: %u"),
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
}
