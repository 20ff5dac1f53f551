"""GLSL of the renderer: skinning by four bones, clothes painted on skin, patterns, three lights."""

VERTEX = """
#version 330
uniform vec4 bones[312];      // three rows of (rotation | shift) a bone
uniform mat3 view;            // world -> camera
uniform vec3 shift;
uniform vec4 pinhole;         // 2f/S, 2cx/S-1, 2cy/S-1, unused
uniform vec2 range;           // near, far in metres
uniform vec4 coat;            // sleeve end, top's hem, trousers' waist, trousers' end
uniform vec2 puff;            // metres that painted top and trousers stand off the skin
in vec3 rest;
in vec3 rest_normal;
in uvec4 bone;
in vec4 weight;
in vec4 code;
out vec3 normal;
out vec3 eye;
out vec3 place;
out vec2 limb;
flat out float slot;
flat out float tint;

void main() {
    slot = floor(code.x * 255.0 + 0.5);
    tint = floor(code.y * 255.0 + 0.5);
    limb = code.zw * (255.0 / 64.0);
    vec3 p = rest;
    if (slot < 0.5) {
        float fold = 0.4 + 0.6 * abs(fract(p.y * 7.0 + p.x * 5.0 + p.z * 6.0) - 0.5) * 2.0;
        if (limb.x > coat.z && limb.x < coat.w && limb.y < 0.6) p += rest_normal * puff.y * fold;
        if (limb.y < coat.x && limb.x < coat.y) p += rest_normal * puff.x * fold;
    }
    vec4 r0 = vec4(0.0), r1 = vec4(0.0), r2 = vec4(0.0);
    for (int k = 0; k < 4; k++) {
        int b = int(bone[k]) * 3;
        r0 += weight[k] * bones[b];
        r1 += weight[k] * bones[b + 1];
        r2 += weight[k] * bones[b + 2];
    }
    vec4 p1 = vec4(p, 1.0);
    vec3 world = vec3(dot(r0, p1), dot(r1, p1), dot(r2, p1));
    vec3 n = vec3(dot(r0.xyz, rest_normal), dot(r1.xyz, rest_normal), dot(r2.xyz, rest_normal));
    eye = view * world + shift;
    normal = view * n;
    place = rest;
    float depth = 2.0 * (eye.z - range.x) / (range.y - range.x) - 1.0;
    gl_Position = vec4(pinhole.x * eye.x + pinhole.y * eye.z,
                       pinhole.x * eye.y + pinhole.z * eye.z, depth * eye.z, eye.z);
}
"""

FRAGMENT = """
#version 330
uniform vec4 coat;
uniform vec4 colour[8];        // by slot; w: gloss
uniform vec4 second[8];        // w: kind of pattern
uniform vec4 pattern[8];       // frequency 1/m, cosine and sine of its turn, strength of the weave
uniform vec4 tints[6];         // w: how far the skin takes the tint
uniform vec3 light_from[3];
uniform vec3 light_colour[3];
uniform vec3 sky;
uniform vec3 ground;
uniform vec3 up;
uniform sampler2D cloth;
in vec3 normal;
in vec3 eye;
in vec3 place;
in vec2 limb;
flat in float slot;
flat in float tint;
out vec4 pixel;

// llvmpipe runs both sides of every branch, so what is here is paid by every pixel: keep it short.
float grain(vec3 p) { return fract(sin(dot(p, vec3(12.9898, 78.233, 37.719))) * 43758.5453); }

float cloud(vec3 p) {
    vec3 w = sin(p.yzx * 1.3 + sin(p.zxy * 1.7));
    return 0.5 + 0.35 * (w.x + w.y * w.z);
}

vec3 painted(int s, float blotch) {
    vec3 a = colour[s].rgb, b = second[s].rgb;
    float kind = second[s].w;
    vec2 flat_place = vec2(place.x + 0.7 * place.z, place.y);
    vec2 turn = pattern[s].yz;
    vec2 q = mat2(turn.x, -turn.y, turn.y, turn.x) * flat_place * pattern[s].x + 0.5;
    float m = 0.0;
    if (kind < 0.5) m = 0.0;
    else if (kind < 1.5) m = step(0.5, fract(q.y));
    else if (kind < 2.5) m = 0.5 * step(0.6, fract(q.x)) + 0.5 * step(0.6, fract(q.y));
    else if (kind < 3.5) m = step(length(fract(q) - 0.5), 0.28);
    else if (kind < 4.5) m = step(0.5, blotch);
    else if (kind < 5.5) m = clamp(0.5 + place.y * 1.2, 0.0, 1.0);
    else m = step(abs(place.x), 0.09) * step(abs(place.y - 0.3), 0.08);
    vec3 base = kind > 6.5 ? texture(cloth, q * 0.12).rgb * mix(vec3(1.0), a * 1.6, 0.5)
                           : mix(a, b, m);
    return base * (1.0 + pattern[s].w * (grain(floor(place * 260.0)) - 0.5));
}

vec3 skin(float blotch) {
    int t = int(tint + 0.5);
    vec3 base = (slot > 6.5 ? colour[7] : colour[0]).rgb * (0.93 + 0.14 * blotch);
    return t == 0 ? base : mix(base, tints[t].rgb, tints[t].w);
}

void main() {
    int s = int(slot + 0.5);
    if (s == 0 && limb.y < coat.x && limb.x < coat.y) s = 1;
    else if (s == 0 && limb.x > coat.z && limb.x < coat.w && limb.y < 0.6) s = 2;
    float blotch = cloud(place * (s == 0 ? 23.0 : 2.5 * pattern[s].x));
    vec3 base = s == 0 || s == 7 ? skin(blotch) : painted(s, blotch);
    vec3 n = normalize(normal), look = normalize(-eye);
    if (dot(n, look) < 0.0) n = -n;
    vec3 light = mix(ground, sky, 0.5 + 0.5 * dot(n, up));
    vec3 shine = vec3(0.0);
    for (int k = 0; k < 3; k++) {
        light += light_colour[k] * max(dot(n, light_from[k]), 0.0);
        float high = max(dot(n, normalize(light_from[k] + look)), 0.0);
        high *= high;
        high *= high;
        high *= high;
        shine += light_colour[k] * high * high * high;
    }
    pixel = vec4(clamp(base * light + colour[s].w * shine, 0.0, 1.0), 1.0);
}
"""
