/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model that describes, as far as it is known without reading its weights. */

#pragma once

#include "run/options.h"
#include "run/progress.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;             /* valid UTF-8 */
  const char *digest, *quantization;
  const char *limits;           /* no model was named: what the small built-in one can and cannot tell, as one clause; else NULL */
} L4DescriberModel;

gboolean l4_describer_model_find (const L4DescribeOptions *options, L4DescriberModel *facts, GError **error);
void l4_describer_model_clear (L4DescriberModel *facts);       /* an empty one, too */

/* Says so if it is the built-in one, which must not be taken for a real one. facts NULL: nothing. */
void l4_describer_model_tell (const L4DescriberModel *facts, L4Progress *progress);

/* What describing one window with it will take, as far as this machine is known; 0: it is not. */
gboolean l4_describer_model_forecast (const L4DescribeOptions *options, double *seconds, GError **error);

G_END_DECLS
