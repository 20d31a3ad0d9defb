/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules over the windows of cameras: which begin to hold, which cease to. */

#include "watch/judge.h"

#include <string.h>

#include "watch/pointer.h"

/* A condition, and what it wants as JSON. */
typedef struct
{
  const L4Condition *condition;
  yyjson_doc *wanted;
} Term;

/* Of a rule. */
typedef struct
{
  GArray *all, *any;            /* of Term */
} Terms;

/* A rule for a camera. */
typedef struct
{
  gboolean concerns;
  guint in_turn;                /* windows that it held for, up to now */
  gboolean told;                /* of this turn */
  gboolean ever;
  gint64 alerted;               /* when it was told last, if ever */
} State;

struct _L4Judge
{
  const L4Cameras *cameras;
  Terms *terms;                 /* [n_rules] */
  State *states;                /* [n_cameras, n_rules] */
};

static void
term_clear (gpointer data)
{
  yyjson_doc_free (((Term *) data)->wanted);
}

static GArray *
terms_new (const GPtrArray *conditions)
{
  GArray *self = g_array_new (FALSE, FALSE, sizeof (Term));

  g_array_set_clear_func (self, term_clear);
  for (guint i = 0; i < conditions->len; i++) {
    const L4Condition *condition = g_ptr_array_index (conditions, i);
    Term term = { condition, yyjson_read (condition->value, strlen (condition->value), 0) };

    g_array_append_val (self, term);
  }
  return self;
}

L4Judge *
l4_judge_new (const L4Cameras *cameras)
{
  L4Judge *self = g_new0 (L4Judge, 1);

  self->cameras = cameras;
  self->terms = g_new0 (Terms, cameras->rules->len);
  self->states = g_new0 (State, (gsize) cameras->cameras->len * cameras->rules->len);
  for (guint r = 0; r < cameras->rules->len; r++) {
    const L4Rule *rule = g_ptr_array_index (cameras->rules, r);

    self->terms[r] = (Terms) { terms_new (rule->all), terms_new (rule->any) };
    for (guint c = 0; c < cameras->cameras->len; c++) {
      const L4Camera *camera = g_ptr_array_index (cameras->cameras, c);

      self->states[c * cameras->rules->len + r].concerns = rule->cameras == NULL
          || g_strv_contains ((const char *const *) rule->cameras, camera->name);
    }
  }
  return self;
}

void
l4_judge_free (L4Judge *self)
{
  if (self == NULL)
    return;
  for (guint r = 0; r < self->cameras->rules->len; r++) {
    g_array_unref (self->terms[r].all);
    g_array_unref (self->terms[r].any);
  }
  g_free (self->terms);
  g_free (self->states);
  g_free (self);
}

static State *
get_state (const L4Judge *self, guint camera, guint rule)
{
  return &self->states[camera * self->cameras->rules->len + rule];
}

gboolean
l4_judge_concerns (const L4Judge *self, guint camera, guint rule)
{
  return get_state (self, camera, rule)->concerns;
}

gboolean
l4_hours_have (const GArray *hours, gint64 time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  guint minute = local != NULL ? g_date_time_get_hour (local) * 60 + g_date_time_get_minute (local) : 0;

  for (guint i = 0; i < hours->len; i++) {
    const L4Hours *one = &g_array_index (hours, L4Hours, i);

    if (one->from < one->until ? minute >= one->from && minute < one->until : minute >= one->from || minute < one->until)
      return TRUE;
  }
  return FALSE;
}

/* Whether one of the terms holds, or does not. value: what the first of these looked at; it stays where there is none. */
static gboolean
find_one (const GArray *terms, gboolean holds, yyjson_val *record, yyjson_val **value)
{
  for (guint i = 0; i < terms->len; i++) {
    const Term *term = &g_array_index (terms, Term, i);
    yyjson_val *wanted = yyjson_doc_get_root (term->wanted), *found = l4_condition_find (term->condition, record, wanted);

    if (l4_compare (term->condition->compare, found, wanted) == holds) {
      *value = found;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
do_hold (const Terms *self, yyjson_val *record, yyjson_val **value)
{
  if (find_one (self->all, FALSE, record, value))
    return FALSE;
  if (self->any->len > 0 && !find_one (self->any, TRUE, record, value)) {
    find_one (self->any, FALSE, record, value);
    return FALSE;
  }
  find_one (self->all, TRUE, record, value);
  return TRUE;
}

static L4Verdict
end_turn (State *state)
{
  gboolean told = state->told;

  state->in_turn = 0;
  state->told = FALSE;
  return told ? L4_VERDICT_OVER : L4_VERDICT_NONE;
}

/* A clock that was set back makes no cooldown longer than it is. */
static gboolean
is_cool (const L4Rule *rule, const State *state, gint64 time)
{
  return !state->ever || rule->cooldown == 0 || time < state->alerted || (guint64) (time - state->alerted) >= rule->cooldown / 1000;
}

L4Verdict
l4_judge_window (L4Judge *self, guint camera, guint rule_number, yyjson_val *record, gint64 time, yyjson_val **value)
{
  const L4Rule *rule = g_ptr_array_index (self->cameras->rules, rule_number);
  State *state = get_state (self, camera, rule_number);
  gboolean told = state->told;

  *value = NULL;
  if (!do_hold (&self->terms[rule_number], record, value))
    return end_turn (state);
  state->in_turn = MIN (state->in_turn, G_MAXUINT - 1) + 1;
  if (state->in_turn < rule->windows || (told && rule->cooldown == 0))
    return L4_VERDICT_NONE;
  if (!is_cool (rule, state, time) || l4_hours_have (rule->quiet, time))
    return told ? L4_VERDICT_NONE : L4_VERDICT_HUSHED;
  state->told = state->ever = TRUE;
  state->alerted = time;
  return told ? L4_VERDICT_AGAIN : L4_VERDICT_ALERT;
}

gboolean
l4_judge_break (L4Judge *self, guint camera, guint rule)
{
  return end_turn (get_state (self, camera, rule)) == L4_VERDICT_OVER;
}
