/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done with alerts: a line, a picture, a clip, a command, receivers. */

#include "watch/actions.h"

#include <stdio.h>

#include "base/i18n.h"
#include "command/command.h"
#include "run/json.h"
#include "watch/album.h"
#include "watch/clock.h"
#include "watch/command.h"
#include "watch/receivers.h"

#define FINISH_US (4 * G_USEC_PER_SEC)  /* for commands to end and receivers to be told, together */

struct _L4Actions
{
  L4ActionsContext context;
  L4Commands *commands;
  L4Receivers *receivers;
  guint n_alerts;
  guint64 n_undelivered;        /* known at the end */
  gboolean complained;          /* that commands are too many, since one had room */
};

/* Lines ------------------------------------------------------------------------------------------------------------------------- */

static void
print_line (const char *line)
{
  puts (line);
  l4_command_flush ();
}

static void
print_alert (const L4Actions *self, const L4Told *told, const char *json)
{
  g_autofree char *time = l4_clock_format_short (told->time), *line = NULL;

  if (self->context.json || (told->rule->print && !told->over))
    print_line (json);
  else if (!told->over)
    print_line (line = g_strdup_printf (_("%s  %s  alert, %s: %s"), time, told->camera->name, told->rule->name, told->window->text));
}

/* Commands ---------------------------------------------------------------------------------------------------------------------- */

/* How a command ended. Only what is wrong, or was printed, is a line for people. */
static void
on_command (const L4CommandResult *result, gpointer data)
{
  L4Actions *self = data;
  L4News *event = g_new0 (L4News, 1);
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *object = yyjson_mut_obj (doc);
  const char *colon = *result->output != '\0' ? ": " : "";

  event->kind = L4_NEWS_DONE;
  if (result->problem != NULL)
    event->text = g_strdup_printf (_("%s: the command cannot be run: %s"), result->label, result->problem);
  else if (result->timed_out)
    event->text = g_strdup_printf (_("%s: the command took too long and was ended%s%s"), result->label, colon, result->output);
  else if (result->signal != 0)
    event->text = g_strdup_printf (_("%s: the command was ended by signal %d%s%s"), result->label, result->signal, colon, result->output);
  else if (result->status != 0)
    event->text = g_strdup_printf (_("%s: the command ended with exit status %d%s%s"), result->label, result->status, colon, result->output);
  else if (*result->output != '\0')
    event->text = g_strdup_printf (_("%s: the command says: %s"), result->label, result->output);
  yyjson_mut_doc_set_root (doc, object);
  yyjson_mut_obj_add_str (doc, object, "event", "command");
  yyjson_mut_obj_add_strcpy (doc, object, "rule", result->label);
  if (result->status >= 0)
    yyjson_mut_obj_add_int (doc, object, "status", result->status);
  if (event->text != NULL && result->status != 0)
    yyjson_mut_obj_add_strcpy (doc, object, "reason", event->text);
  yyjson_mut_obj_add_strcpy (doc, object, "output", result->output);
  event->record = l4_json_to_line (doc);
  l4_news_queue_push (self->context.news, event);
}

static void
run_command (L4Actions *self, const L4Rule *rule, const char *json)
{
  if (rule->command == NULL)
    return;
  if (l4_commands_run (self->commands, (const char *const *) rule->command, json, rule->name)) {
    self->complained = FALSE;
  } else if (!self->complained) {
    l4_progress_say (self->context.progress, _("%s: too many commands wait already, this one is left out"), rule->name);
    self->complained = TRUE;
  }
}

/* Alerts ------------------------------------------------------------------------------------------------------------------------- */

/* (transfer full) */
static char *
keep_picture (const L4Actions *self, const L4Told *told, GBytes *jpeg)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;

  if (!told->rule->picture || told->over || jpeg == NULL)
    return NULL;
  path = l4_album_put (self->context.cameras, told->camera, told->rule, told->time, jpeg, &error);
  if (path == NULL)
    l4_progress_say (self->context.progress, "%s", error->message);
  return path;
}

static void
tell_receivers (const L4Actions *self, const L4Told *told, const char *json, GBytes *jpeg)
{
  const L4Alert alert = {
    .camera = told->camera->name,
    .rule = told->rule->name,
    .on = !told->over,
    .start = told->window != NULL ? told->window->start : 0,
    .end = told->window != NULL ? told->window->end : 0,
    .time = told->time,
    .record = json,
    .sentence = told->window != NULL ? told->window->text : "",
    .picture = told->over ? NULL : jpeg,
  };

  l4_receivers_alert (self->receivers, told->rule, &alert);
}

void
l4_actions_tell (L4Actions *self, L4Told *told, GBytes *jpeg)
{
  g_autofree char *picture = keep_picture (self, told, jpeg), *json = NULL;

  told->picture = picture;
  json = l4_alert_to_json (told);
  print_alert (self, told, json);
  tell_receivers (self, told, json, jpeg);
  if (told->over)
    return;
  self->n_alerts++;
  run_command (self, told->rule, json);
  l4_clips_add (self->context.clips, told->rule, told->window);
}

/* The actions --------------------------------------------------------------------------------------------------------------------- */

L4Actions *
l4_actions_new (const L4ActionsContext *context, GError **error)
{
  g_autoptr (L4Actions) self = g_new0 (L4Actions, 1);

  self->context = *context;
  self->commands = l4_commands_new (context->cameras->commands, context->cameras->command_limit, on_command, self);
  self->receivers = l4_receivers_new (context->cameras, context->news, error);
  return self->receivers != NULL ? g_steal_pointer (&self) : NULL;
}

void
l4_actions_finish (L4Actions *self)
{
  gint64 until = g_get_monotonic_time () + FINISH_US;
  guint left = l4_commands_finish (self->commands, until);

  if (left > 0)
    l4_progress_say (self->context.progress, _("commands that had not ended, or were never run: %u"), left);
  self->n_undelivered = l4_receivers_finish (self->receivers, until);
  g_clear_pointer (&self->commands, l4_commands_free);
  g_clear_pointer (&self->receivers, l4_receivers_free);
}

void
l4_actions_free (L4Actions *self)
{
  if (self == NULL)
    return;
  l4_commands_free (self->commands);
  l4_receivers_free (self->receivers);
  g_free (self);
}

gboolean
l4_actions_want_pictures (const L4Cameras *cameras)
{
  gboolean wanted = l4_receivers_want_pictures (cameras);

  for (guint i = 0; i < cameras->rules->len; i++)
    wanted = wanted || ((L4Rule *) g_ptr_array_index (cameras->rules, i))->picture;
  return wanted;
}

void
l4_actions_said (L4Actions *self, const L4Camera *camera, const L4News *news, GBytes *jpeg)
{
  const L4Said said = {.camera = camera->name,.from = news->from,.until = news->until,.text = news->text,
    .summary = news->kind == L4_NEWS_SUMMARY,.record = news->record,.picture = jpeg
  };

  if (news->kind == L4_NEWS_PARTIAL)
    l4_receivers_growing (self->receivers, camera->name, news->text);
  else
    l4_receivers_said (self->receivers, &said);
}

void
l4_actions_presence (L4Actions *self, const L4Camera *camera, gboolean present)
{
  l4_receivers_presence (self->receivers, camera->name, present);
}

L4Live *
l4_actions_get_live (L4Actions *self)
{
  return l4_receivers_get_live (self->receivers);
}

guint64
l4_actions_get_undelivered (const L4Actions *self)
{
  return self->n_undelivered;
}

guint
l4_actions_get_alerts (const L4Actions *self)
{
  return self->n_alerts;
}
