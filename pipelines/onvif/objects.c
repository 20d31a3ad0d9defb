/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of a record as ONVIF has them: in frames of the scene. */

#include "onvif/objects.h"

#include "onvif/xml.h"

/* Reading ------------------------------------------------------------------------------------------------------------------------- */

static const char *
get_text (yyjson_val *object, const char *name)
{
  const char *text = yyjson_get_str (yyjson_obj_get (object, name));

  return text != NULL ? text : "";
}

static double
get_fraction (yyjson_val *value)
{
  return CLAMP (yyjson_get_num (value), 0, 1);
}

/* FALSE: it has no place. */
static gboolean
read_object (yyjson_val *value, gint64 from, guint64 start, L4OnvifObject *object)
{
  yyjson_val *box = yyjson_obj_get (value, "box");
  const guint64 time = yyjson_get_uint (yyjson_obj_get (value, "time"));

  if (yyjson_arr_size (box) != 4)
    return FALSE;
  *object = (L4OnvifObject) {
    .id = yyjson_get_uint (yyjson_obj_get (value, "id")),
    .label = get_text (value, "label"),
    .text = get_text (value, "text"),
    .confidence = get_fraction (yyjson_obj_get (value, "confidence")),
    .x = get_fraction (yyjson_arr_get (box, 0)),
    .y = get_fraction (yyjson_arr_get (box, 1)),
    .width = get_fraction (yyjson_arr_get (box, 2)),
    .height = get_fraction (yyjson_arr_get (box, 3)),
    .time = from + ((gint64) (time / 1000) - (gint64) (start / 1000)),
  };
  return TRUE;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const L4OnvifObject *one = a, *other = b;

  return one->time < other->time ? -1 : one->time > other->time;
}

GArray *
l4_onvif_objects_find (yyjson_val *record, gint64 from)
{
  GArray *objects = g_array_new (FALSE, FALSE, sizeof (L4OnvifObject));
  const guint64 start = yyjson_get_uint (yyjson_obj_get (record, "start"));
  yyjson_val *value;
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (record, "objects"), i, n, value) {
    L4OnvifObject object;

    if (read_object (value, from, start, &object))
      g_array_append_val (objects, object);
  }
  g_array_sort (objects, compare_times);
  return objects;
}

/* Writing ------------------------------------------------------------------------------------------------------------------------- */

/* ONVIF's word for what a detector calls by that name, as COCO's classes are; NULL: it has none. */
static const char *
find_type (const char *label)
{
  static const struct
  {
    const char *label, *type;
  } types[] = {
    {"person", "Human"}, {"human", "Human"}, {"man", "Human"}, {"woman", "Human"}, {"child", "Human"}, {"pedestrian", "Human"},
    {"face", "HumanFace"}, {"car", "Vehicle"}, {"truck", "Vehicle"}, {"bus", "Vehicle"}, {"train", "Vehicle"}, {"boat", "Vehicle"},
    {"airplane", "Vehicle"}, {"van", "Vehicle"}, {"vehicle", "Vehicle"}, {"bicycle", "Bicycle"}, {"motorcycle", "Bike"},
    {"motorbike", "Bike"}, {"bird", "Animal"}, {"cat", "Animal"}, {"dog", "Animal"}, {"horse", "Animal"}, {"sheep", "Animal"},
    {"cow", "Animal"}, {"elephant", "Animal"}, {"bear", "Animal"}, {"zebra", "Animal"}, {"giraffe", "Animal"}, {"animal", "Animal"},
    {"license plate", "LicensePlate"}, {"licence plate", "LicensePlate"}, {"barcode", "Barcode"}, {"fire", "Fire"}, {"smoke", "Smoke"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_ascii_strcasecmp (types[i].label, label) == 0)
      return types[i].type;
  return NULL;
}

static void
add_type (GString *xml, const char *type, double likelihood)
{
  if (type == NULL || *type == '\0')
    return;
  g_string_append (xml, "<tt:Type");
  l4_xml_add_number (xml, "Likelihood", likelihood);
  g_string_append_c (xml, '>');
  l4_xml_add_text (xml, type);
  g_string_append (xml, "</tt:Type>");
}

/* From -1 to 1, from the left and from below. */
static void
add_shape (GString *xml, const L4OnvifObject *object)
{
  const double left = 2 * object->x - 1, right = MIN (2 * (object->x + object->width) - 1, 1);
  const double top = 1 - 2 * object->y, bottom = MAX (1 - 2 * (object->y + object->height), -1);

  g_string_append (xml, "<tt:Shape><tt:BoundingBox");
  l4_xml_add_number (xml, "bottom", bottom);
  l4_xml_add_number (xml, "top", top);
  l4_xml_add_number (xml, "right", right);
  l4_xml_add_number (xml, "left", left);
  g_string_append (xml, "/><tt:CenterOfGravity");
  l4_xml_add_number (xml, "x", (left + right) / 2);
  l4_xml_add_number (xml, "y", (top + bottom) / 2);
  g_string_append (xml, "/></tt:Shape>");
}

static void
add_object (GString *xml, const L4OnvifObject *object)
{
  g_string_append_printf (xml, "<tt:Object ObjectId=\"%" G_GUINT64_FORMAT "\"><tt:Appearance>", object->id);
  add_shape (xml, object);
  g_string_append (xml, "<tt:Class>");
  add_type (xml, find_type (object->label), object->confidence);
  add_type (xml, object->label, object->confidence);
  g_string_append (xml, "</tt:Class></tt:Appearance></tt:Object>");
}

void
l4_onvif_objects_add (GString *xml, const GArray *objects)
{
  if (objects->len == 0)
    return;
  g_string_append (xml, "<tt:VideoAnalytics>");
  for (guint i = 0; i < objects->len; i++) {
    const L4OnvifObject *object = &g_array_index (objects, L4OnvifObject, i);

    if (i == 0 || object->time != object[-1].time) {
      g_string_append (xml, i > 0 ? "</tt:Frame><tt:Frame UtcTime=\"" : "<tt:Frame UtcTime=\"");
      l4_xml_add_time (xml, object->time);
      g_string_append (xml, "\" Source=\"llama4describe\">");
    }
    add_object (xml, object);
  }
  g_string_append (xml, "</tt:Frame></tt:VideoAnalytics>\n");
}
