/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON record of one description. */

#include <math.h>
#include <stdlib.h>
#include <yyjson.h>

#include "llama4.h"
#include "output/text.h"

static double
milliseconds (gint64 microseconds)
{
  return microseconds / 1000.0;
}

char *
l4_answer_get_value (const L4Answer *answer)
{
  return answer->is_value ? l4_text_to_json (answer->text) : NULL;
}

/* Four digits: there is no more in a probability, nor in a place of a picture. */
static double
shorten (double fraction)
{
  return round (fraction * 1e4) / 1e4;
}

static void
add_line (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
  g_autofree char *line = l4_text_to_line (text != NULL ? text : "", -1);

  yyjson_mut_obj_add_strcpy (doc, object, key, line);
}

static void
add_answers (yyjson_mut_doc *doc, yyjson_mut_val *root, const L4Record *record)
{
  yyjson_mut_val *answers = yyjson_mut_obj_add_arr (doc, root, "answers");

  for (gsize i = 0; i < record->n_likelihoods; i++) {
    yyjson_mut_val *answer = yyjson_mut_arr_add_obj (doc, answers);

    add_line (doc, answer, "question", record->likelihoods[i].question);
    yyjson_mut_obj_add_real (doc, answer, "yes", shorten (record->likelihoods[i].yes));
  }
}

static void
add_objects (yyjson_mut_doc *doc, yyjson_mut_val *root, const L4Record *record)
{
  yyjson_mut_val *objects = yyjson_mut_obj_add_arr (doc, root, "objects");

  for (gsize i = 0; i < record->n_objects; i++) {
    const L4Object *given = &record->objects[i];
    const double sides[] = { given->x, given->y, given->width, given->height };
    yyjson_mut_val *object = yyjson_mut_arr_add_obj (doc, objects), *box;

    yyjson_mut_obj_add_uint (doc, object, "id", given->id);
    add_line (doc, object, "label", given->label);
    yyjson_mut_obj_add_real (doc, object, "confidence", shorten (given->confidence));
    box = yyjson_mut_obj_add_arr (doc, object, "box");
    for (guint side = 0; side < G_N_ELEMENTS (sides); side++)
      yyjson_mut_arr_add_real (doc, box, shorten (sides[side]));
    yyjson_mut_obj_add_uint (doc, object, "time", given->time);
    yyjson_mut_obj_add_uint (doc, object, "since", given->since);
    add_line (doc, object, "text", given->text);
  }
}

char *
l4_record_to_json (const L4Record *record)
{
  g_autofree char *text = l4_text_to_line (record->answer->text, -1);
  g_autofree char *name = l4_text_to_line (record->model->name, -1);
  g_autofree char *value = l4_answer_get_value (record->answer);
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *root = yyjson_mut_obj (doc);
  yyjson_mut_val *frames, *model, *tokens, *ms;
  char *written, *json;

  yyjson_mut_doc_set_root (doc, root);
  yyjson_mut_obj_add_uint (doc, root, "start", record->start);
  yyjson_mut_obj_add_uint (doc, root, "end", record->end);
  if (record->kind != NULL)
    yyjson_mut_obj_add_str (doc, root, "kind", record->kind);
  frames = yyjson_mut_obj_add_arr (doc, root, "frames");
  for (gsize i = 0; i < record->n_frames; i++)
    yyjson_mut_arr_add_uint (doc, frames, record->frames[i]);
  yyjson_mut_obj_add_str (doc, root, "text", text);
  if (value != NULL)
    yyjson_mut_obj_add_val (doc, root, "value", yyjson_mut_raw (doc, value));
  if (record->n_likelihoods > 0)
    add_answers (doc, root, record);
  if (record->n_objects > 0)
    add_objects (doc, root, record);
  model = yyjson_mut_obj_add_obj (doc, root, "model");
  yyjson_mut_obj_add_str (doc, model, "name", name);
  yyjson_mut_obj_add_str (doc, model, "digest", record->model->digest);
  yyjson_mut_obj_add_str (doc, model, "quantization", record->model->quantization);
  yyjson_mut_obj_add_str (doc, root, "prompt_digest", record->answer->prompt_digest);
  tokens = yyjson_mut_obj_add_obj (doc, root, "tokens");
  yyjson_mut_obj_add_uint (doc, tokens, "prompt", record->answer->prompt_tokens);
  yyjson_mut_obj_add_uint (doc, tokens, "generated", record->answer->generated_tokens);
  ms = yyjson_mut_obj_add_obj (doc, root, "ms");
  yyjson_mut_obj_add_real (doc, ms, "queue", milliseconds (record->queue_us));
  yyjson_mut_obj_add_real (doc, ms, "vision", milliseconds (record->answer->vision_us));
  yyjson_mut_obj_add_real (doc, ms, "prefill", milliseconds (record->answer->prefill_us));
  yyjson_mut_obj_add_real (doc, ms, "decode", milliseconds (record->answer->decode_us));
  yyjson_mut_obj_add_str (doc, root, "finish", l4_finish_to_string (record->answer->finish));

  written = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);
  json = g_strdup (written);
  free (written);
  yyjson_mut_doc_free (doc);
  return json;
}
