/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a schema; every place in a value of a good one leads to an end. */

#include <string.h>

#include "fuzz/fuzz.h"
#include "schema/automaton.h"

#define STEPS 24
#define MAX_REST 4096           /* bytes of a shortest end that are looked at */

/* The next byte that may come, from a certain one on. */
static guint8
choose (L4Automaton *automaton, guint32 state, guint8 first)
{
  for (guint i = 0; i < 256; i++)
    if (l4_automaton_step (automaton, state, (guint8) (first + i)) != L4_STATE_DEAD)
      return (guint8) (first + i);
  g_assert_not_reached ();
}

static void
walk (const L4Schema *schema, gsize seed)
{
  g_autoptr (L4Automaton) automaton = l4_automaton_new (schema);
  g_autoptr (GString) text = g_string_new (NULL);
  guint32 state = l4_automaton_begin (automaton);

  for (guint i = 0; i < STEPS && !l4_automaton_must_end (automaton, state); i++) {
    g_autoptr (GString) whole = g_string_new_len (text->str, (gssize) text->len);
    guint64 rest = l4_automaton_shortest (automaton, state);
    guint8 byte;

    g_assert (state != L4_STATE_DEAD && (rest == 0) == l4_automaton_may_end (automaton, state));
    if (rest <= MAX_REST) {
      l4_automaton_complete (automaton, state, whole);
      g_assert (whole->len == text->len + rest && l4_schema_accepts (schema, whole->str, whole->len));
    }
    byte = choose (automaton, state, (guint8) (seed * 31 + i * 97));
    state = l4_automaton_step (automaton, state, byte);
    g_string_append_c (text, (char) byte);
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Schema) schema = l4_schema_new (text, &error);

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  g_assert ((schema == NULL) == (error != NULL));
  if (error != NULL)
    g_assert (strchr (error->message, '\n') == NULL);
  else
    walk (schema, size);
  return 0;
}
